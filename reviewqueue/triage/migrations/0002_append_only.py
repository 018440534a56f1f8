"""The database itself refuses to change what was decided."""

from django.db import migrations

from reviewqueue.common.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("triage", "0001_first")]
    operations = [
        append_only("triage_triagedecision"),
    ]
