from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0005_replayed")]

    operations = [
        migrations.RemoveIndex("delivery", "delivery_log"),
        migrations.AddIndex("delivery", models.Index(fields=["webhook", "id"], name="delivery_log")),
    ]
