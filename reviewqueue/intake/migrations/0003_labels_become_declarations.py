"""The labels of a source become the first version of what it declares; the items that fit it point there."""

from django.db import migrations

from reviewqueue.common.ids import new_id


def labels_to_declarations(apps, schema_editor) -> None:
    source_model, declaration_model, item_model = (
        apps.get_model("intake", name) for name in ("Source", "Declaration", "Item")
    )
    for source in source_model.objects.exclude(labels=[]):
        made = declaration_model.objects.create(
            id=new_id(),
            workspace_id=source.workspace_id,
            source=source,
            version=1,
            labels=source.labels,
            created_at=source.created_at,
        )
        item_model.objects.filter(source=source, kind="classification").update(declaration=made)


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_declarations")]
    operations = [migrations.RunPython(labels_to_declarations, migrations.RunPython.noop, elidable=True)]
