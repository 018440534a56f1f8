import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0004_sources_without_labels")]

    operations = [
        migrations.CreateModel(
            name="Gate",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="gate",
                        serialize=False,
                        to="intake.item",
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                ("deadline_at", models.DateTimeField()),
                (
                    "on_timeout",
                    models.CharField(
                        choices=[("withhold", "Withhold"), ("fallback", "Fallback"), ("pass", "Pass")], max_length=8
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("passed", "Passed"),
                            ("decided", "Decided"),
                            ("timed_out", "Timed Out"),
                            ("unattended", "Unattended"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)), fields=["deadline_at"], name="gate_open"
                    ),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", False)),
                        fields=["workspace_id", "closed_at"],
                        name="gate_closed",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("closed_because", "")),
                            models.Q(("closed_at__isnull", False), models.Q(("closed_because", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="gate_end_has_reason",
                    ),
                ],
            },
        ),
    ]
