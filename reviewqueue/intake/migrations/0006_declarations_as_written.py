"""Declared schemas keep the order in which their fields were written."""

from django.db import migrations

import reviewqueue.common.jsontext


class Migration(migrations.Migration):
    dependencies = [("intake", "0005_gates")]
    operations = [
        migrations.AlterField(
            model_name="declaration",
            name="json_schema",
            field=reviewqueue.common.jsontext.WrittenJSONField(null=True),
        ),
        migrations.AlterField(
            model_name="declaration",
            name="tools",
            field=reviewqueue.common.jsontext.WrittenJSONField(null=True),
        ),
    ]
