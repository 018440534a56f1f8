"""The database itself refuses to edit a policy that is or was in force."""

from django.db import migrations

_HOLD = """
CREATE FUNCTION reviewqueue_refuse_policy_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.version > 0 THEN
    RAISE EXCEPTION 'a policy in force is never edited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER triage_routingpolicy_stays BEFORE UPDATE ON triage_routingpolicy
  FOR EACH ROW EXECUTE FUNCTION reviewqueue_refuse_policy_edit();

CREATE FUNCTION reviewqueue_refuse_rule_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM triage_routingpolicy p WHERE p.id = OLD.policy_id AND p.version > 0) THEN
    RAISE EXCEPTION 'a policy in force is never edited' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER triage_routingrule_stays BEFORE UPDATE ON triage_routingrule
  FOR EACH ROW EXECUTE FUNCTION reviewqueue_refuse_rule_edit();
CREATE TRIGGER triage_samplingrate_stays BEFORE UPDATE ON triage_samplingrate
  FOR EACH ROW EXECUTE FUNCTION reviewqueue_refuse_rule_edit();
"""

_UNDO = """
DROP TRIGGER triage_routingpolicy_stays ON triage_routingpolicy;
DROP TRIGGER triage_routingrule_stays ON triage_routingrule;
DROP TRIGGER triage_samplingrate_stays ON triage_samplingrate;
DROP FUNCTION reviewqueue_refuse_policy_edit();
DROP FUNCTION reviewqueue_refuse_rule_edit();
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0005_policy_drafts")]
    operations = [migrations.RunSQL(_HOLD, _UNDO)]
