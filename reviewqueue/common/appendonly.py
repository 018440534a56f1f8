"""Tables that the database itself keeps from being edited: migration operations that add the trigger."""

from django.db.migrations import RunSQL

_FUNCTION = """
CREATE OR REPLACE FUNCTION reviewqueue_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
"""

_TRIGGERS = """
CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION reviewqueue_refuse_change();
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION reviewqueue_refuse_change();
"""

_UNDO = """
DROP TRIGGER {table}_keeps_rows ON {table};
DROP TRIGGER {table}_keeps_all ON {table};
"""


def append_only(table: str) -> RunSQL:
    """Return the migration operation that makes PostgreSQL refuse UPDATE, DELETE and TRUNCATE on ``table``."""
    return RunSQL(_FUNCTION + _TRIGGERS.format(table=table), _UNDO.format(table=table))
