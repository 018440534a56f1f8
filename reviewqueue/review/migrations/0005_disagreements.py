"""Reviews of one stay that do not all say the same are kept as rows."""

import django.db.models.deletion
from django.db import migrations, models

import reviewqueue.common.ids
from reviewqueue.common.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_teams"),
        ("intake", "0009_items_by_declaration"),
        ("triage", "0009_blind_and_ahead"),
        ("review", "0004_appeals_and_follow_ups"),
    ]
    operations = [
        migrations.CreateModel(
            name="Disagreement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewqueue.common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                ("decisions", models.JSONField()),
                (
                    "settled_by",
                    models.CharField(
                        choices=[("majority", "Majority"), ("adjudication", "Adjudication")], max_length=12
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disagreements",
                        to="triage.queueentry",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disagreements",
                        to="intake.item",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["item", "at"], name="disagreement_of_item"),
                    models.Index(fields=["workspace", "-at"], name="disagreement_of_workspace"),
                ],
            },
        ),
        append_only("review_disagreement"),
    ]
