"""The database itself refuses to change what happened."""

from django.db import migrations

from reviewqueue.common.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_first")]
    operations = [
        append_only("audit_event"),
    ]
