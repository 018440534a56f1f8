"""The database itself refuses to change what was decided."""

from django.db import migrations

from reviewqueue.common.appendonly import append_only


class Migration(migrations.Migration):
    dependencies = [("review", "0001_first")]
    operations = [
        append_only("review_review"),
        append_only("review_outcome"),
        append_only("review_publication"),
        append_only("review_undo"),
    ]
