"""The database itself refuses to change what was ruled, and who was told."""

from django.db import migrations

from reviewqueue.common.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("edgecases", "0001_first")]
    operations = [
        append_only("edgecases_ruling"),
        append_only("edgecases_rulingtakenback"),
        append_only("edgecases_ladderstep"),
    ]
