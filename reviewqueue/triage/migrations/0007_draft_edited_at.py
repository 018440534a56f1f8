from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("triage", "0006_active_policies_stay")]
    operations = [
        migrations.AddField(
            model_name="routingpolicy", name="edited_at", field=models.DateTimeField(null=True)
        ),
    ]
