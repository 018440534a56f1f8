"""The database refuses to add to, or take from, a policy that is or was in force; drafts stay open.

Until here it refused UPDATE alone. The policy's row is held while a rule is judged, so that a draft does not come into
force between.
"""

from django.db import migrations

_WHOLE = """
CREATE OR REPLACE FUNCTION reviewqueue_refuse_policy_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.version > 0 THEN
    RAISE EXCEPTION 'a policy in force is never edited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
DROP TRIGGER triage_routingpolicy_stays ON triage_routingpolicy;
CREATE TRIGGER triage_routingpolicy_stays BEFORE UPDATE OR DELETE ON triage_routingpolicy
  FOR EACH ROW EXECUTE FUNCTION reviewqueue_refuse_policy_edit();

CREATE FUNCTION reviewqueue_refuse_in_force(asked uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  found_version integer;
BEGIN
  SELECT p.version INTO found_version FROM triage_routingpolicy p WHERE p.id = asked FOR SHARE;
  IF found_version > 0 THEN
    RAISE EXCEPTION 'a policy in force is never edited' USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
CREATE OR REPLACE FUNCTION reviewqueue_refuse_rule_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM reviewqueue_refuse_in_force(OLD.policy_id); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM reviewqueue_refuse_in_force(NEW.policy_id); END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
"""

_TABLE = """
DROP TRIGGER {table}_stays ON {table};
CREATE TRIGGER {table}_stays BEFORE INSERT OR UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION reviewqueue_refuse_rule_edit();
"""

_ALL = """
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION reviewqueue_refuse_change();
"""

_AS_BEFORE = """
CREATE OR REPLACE FUNCTION reviewqueue_refuse_rule_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM triage_routingpolicy p WHERE p.id = OLD.policy_id AND p.version > 0) THEN
    RAISE EXCEPTION 'a policy in force is never edited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP FUNCTION reviewqueue_refuse_in_force(uuid);
"""

_UPDATE_ALONE = """
DROP TRIGGER {table}_keeps_all ON {table};
DROP TRIGGER {table}_stays ON {table};
CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
"""

_RULES = ("triage_routingrule", "triage_samplingrate")
_TABLES = ("triage_routingpolicy", *_RULES)


def _undone(table: str) -> str:
    edited = "reviewqueue_refuse_rule_edit" if table in _RULES else "reviewqueue_refuse_policy_edit"
    return _UPDATE_ALONE.format(table=table, function=edited)


class Migration(migrations.Migration):
    dependencies = [("triage", "0011_detectors")]
    operations = [
        migrations.RunSQL(
            _WHOLE
            + "".join(_TABLE.format(table=one) for one in _RULES)
            + "".join(_ALL.format(table=one) for one in _TABLES),
            "".join(_undone(one) for one in _TABLES) + _AS_BEFORE,
        )
    ]
