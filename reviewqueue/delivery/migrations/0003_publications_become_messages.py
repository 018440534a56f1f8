from django.db import migrations

#: A message per publication, with the id of its first delivery, so that what was tried already keeps its webhook-id.
FORWARD = """
INSERT INTO delivery_message (id, workspace_id, event_type, subject_id, item_id, stream_id, sequence, data, created_at)
SELECT first.id, p.workspace_id,
       CASE WHEN lag(p.id) OVER stream IS NULL THEN 'outcome.settled' ELSE 'outcome.superseded' END,
       p.id, p.item_id, p.item_id, row_number() OVER stream, '{}', first.created_at
FROM (SELECT DISTINCT ON (publication_id) id, publication_id, created_at
      FROM delivery_delivery ORDER BY publication_id, id) first
JOIN review_publication p ON p.id = first.publication_id
WINDOW stream AS (PARTITION BY p.item_id ORDER BY p.position);

INSERT INTO delivery_stream (id, workspace_id, last)
SELECT stream_id, (array_agg(workspace_id))[1], max(sequence) FROM delivery_message GROUP BY stream_id;

UPDATE delivery_delivery d
SET message_id = m.id, stream_id = m.stream_id, sequence = m.sequence, asked_at = d.created_at
FROM delivery_message m WHERE m.subject_id = d.publication_id;

UPDATE delivery_webhook SET events = events || ARRAY['outcome.superseded']::varchar(40)[]
WHERE 'outcome.settled' = ANY (events) AND NOT 'outcome.superseded' = ANY (events);
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_messages"), ("review", "0002_append_only")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
