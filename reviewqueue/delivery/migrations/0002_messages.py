import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import reviewqueue.common.ids


def _by(related="+"):
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.PROTECT, related_name=related, to=settings.AUTH_USER_MODEL
    )


def _id():
    return models.UUIDField(default=reviewqueue.common.ids.new_id, editable=False, primary_key=True, serialize=False)


def _workspace():
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.workspace"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0001_first"),
        ("intake", "0001_first"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("workspace_id", models.UUIDField()),
                ("last", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", _id()),
                ("event_type", models.CharField(max_length=40)),
                ("subject_id", models.UUIDField()),
                ("stream_id", models.UUIDField()),
                ("sequence", models.PositiveIntegerField()),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="intake.item",
                    ),
                ),
                ("workspace", _workspace()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("stream_id", "sequence"), name="message_sequence_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                ("id", _id()),
                ("at", models.DateTimeField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=80)),
                ("duration_ms", models.PositiveIntegerField()),
                (
                    "delivery",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tries",
                        to="delivery.delivery",
                    ),
                ),
                ("workspace", _workspace()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["delivery", "at"], name="attempt_of_delivery"),
                    models.Index(fields=["at"], name="attempt_at"),
                ],
            },
        ),
        migrations.AddField(
            "webhook",
            "source",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="intake.source",
            ),
        ),
        migrations.AddField("webhook", "old_secret", models.CharField(blank=True, default="", max_length=100)),
        migrations.AddField("webhook", "old_secret_ends_at", models.DateTimeField(null=True)),
        migrations.AddField("webhook", "rotated_at", models.DateTimeField(null=True)),
        migrations.AddField("webhook", "paused_at", models.DateTimeField(null=True)),
        migrations.AddField("webhook", "paused_by", _by()),
        migrations.AddField("webhook", "disabled_by", _by()),
        migrations.AddField("webhook", "failures", models.PositiveIntegerField(default=0)),
        migrations.AddField("webhook", "opened_at", models.DateTimeField(null=True)),
        migrations.AddField("webhook", "quiet_until", models.DateTimeField(null=True)),
        migrations.AlterField("webhook", "old_secret", models.CharField(blank=True, max_length=100)),
        migrations.AlterField(
            "webhook",
            "disabled_because",
            models.CharField(blank=True, choices=[("gone", "Gone"), ("deleted", "Deleted")], max_length=20),
        ),
        migrations.AddField(
            "delivery",
            "message",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="delivery.message",
            ),
        ),
        migrations.AddField("delivery", "stream_id", models.UUIDField(null=True)),
        migrations.AddField("delivery", "sequence", models.PositiveIntegerField(null=True)),
        migrations.AddField("delivery", "asked_at", models.DateTimeField(null=True)),
    ]
