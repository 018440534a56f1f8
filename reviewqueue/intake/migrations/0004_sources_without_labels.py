"""What a source declares is a table of its own by now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_labels_become_declarations")]
    operations = [migrations.RemoveField(model_name="source", name="labels")]
