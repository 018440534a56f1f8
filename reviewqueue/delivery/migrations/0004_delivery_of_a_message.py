import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

OPEN = Q(("delivered_at__isnull", True), ("given_up_at__isnull", True))


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_publications_become_messages")]

    operations = [
        migrations.RemoveConstraint("delivery", "delivery_once"),
        migrations.RemoveIndex("delivery", "delivery_due"),
        migrations.RemoveField("delivery", "publication"),
        migrations.RemoveField("delivery", "event_type"),
        migrations.AlterField(
            "delivery",
            "message",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="delivery.message",
            ),
        ),
        migrations.AlterField("delivery", "stream_id", models.UUIDField()),
        migrations.AlterField("delivery", "sequence", models.PositiveIntegerField()),
        migrations.AlterField("delivery", "asked_at", models.DateTimeField()),
        migrations.AddConstraint(
            "delivery", models.UniqueConstraint(fields=("message", "webhook"), name="delivery_message_once")
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(condition=OPEN, fields=["webhook", "due_at", "id"], name="delivery_due_to"),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(condition=OPEN, fields=["webhook", "stream_id", "sequence"], name="delivery_in_order"),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=Q(("lease_until__isnull", False)),
                fields=["webhook", "lease_until"],
                name="delivery_on_its_way",
            ),
        ),
        migrations.AddIndex(
            "delivery", models.Index(fields=["webhook", "created_at", "id"], name="delivery_log")
        ),
    ]
