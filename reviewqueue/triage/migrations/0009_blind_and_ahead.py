"""What a stay was asked for when it began, and how far a lead moved it in its line."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("queues", "0002_agreement"), ("triage", "0008_misses_and_overload")]
    operations = [
        migrations.AddField("queueentry", "blind", models.BooleanField(db_default=True, default=True)),
        migrations.AddField(
            "queueentry",
            "agreement",
            models.CharField(
                choices=[("unanimous", "Unanimous"), ("majority", "Majority")],
                db_default="unanimous",
                default="unanimous",
                max_length=9,
            ),
        ),
        migrations.AddField("queueentry", "ahead_minutes", models.IntegerField(db_default=0, default=0)),
    ]
