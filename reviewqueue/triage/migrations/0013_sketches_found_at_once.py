import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("triage", "0012_policies_stay_whole")]

    operations = [
        migrations.RemoveIndex(model_name="sketch", name="sketch_alike"),
        migrations.AddIndex(
            model_name="sketch",
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["bands"], name="sketch_alike"),
        ),
    ]
