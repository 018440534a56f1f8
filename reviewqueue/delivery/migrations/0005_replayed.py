from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0004_delivery_of_a_message")]

    operations = [migrations.AddField("webhook", "replayed_at", models.DateTimeField(null=True))]
