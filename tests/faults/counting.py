"""Conservation (I-13): in one snapshot, every accepted item stands somewhere, and its rows say the same."""

import threading
import time
from typing import Any

import psycopg

from tests.faults.patient import Patient

# One statement is one snapshot. Each line is a rule; the number beside it counts the items that break it. NOT IN
# would compare every item with every other once they are too many for a hash table.
CONSERVATION = """
WITH state AS (SELECT item_id, state FROM intake_itemstate),
     entry AS (SELECT item_id FROM triage_queueentry WHERE ended_at IS NULL),
     waits AS (SELECT item_id FROM triage_pending),
     held AS (SELECT a.item_id, s.kind FROM assignment_assignment a JOIN assignment_slot s ON s.id = a.slot_id
              WHERE a.ended_at IS NULL),
     outcome AS (SELECT item_id FROM review_outcome o WHERE NOT EXISTS
                 (SELECT 1 FROM review_undo u WHERE u.outcome_id = o.id))
SELECT 'an item without a state', count(*) FROM intake_item i
  WHERE NOT EXISTS (SELECT 1 FROM state WHERE item_id = i.id)
UNION ALL SELECT 'an item without its content', count(*) FROM intake_item i
  WHERE NOT EXISTS (SELECT 1 FROM intake_itemcontent WHERE item_id = i.id)
UNION ALL SELECT 'received, but nothing waits for triage', count(*) FROM state s
  WHERE state = 'received' AND NOT EXISTS (SELECT 1 FROM waits WHERE item_id = s.item_id)
UNION ALL SELECT 'waits for triage, but is not received', count(*) FROM waits JOIN state USING (item_id)
  WHERE state <> 'received'
UNION ALL SELECT 'with people, but in no queue', count(*) FROM state s
  WHERE state IN ('queued', 'in_review', 'escalated')
  AND NOT EXISTS (SELECT 1 FROM entry WHERE item_id = s.item_id)
UNION ALL SELECT 'in a queue, but not with people', count(*) FROM entry JOIN state USING (item_id)
  WHERE state NOT IN ('queued', 'in_review', 'escalated')
UNION ALL SELECT 'queued, but somebody holds it', count(*) FROM held JOIN state USING (item_id) WHERE state = 'queued'
UNION ALL SELECT 'in review, but nobody holds it', count(*) FROM state s
  WHERE state = 'in_review' AND NOT EXISTS (SELECT 1 FROM held WHERE item_id = s.item_id)
UNION ALL SELECT 'settled without an outcome', count(*) FROM state s
  WHERE state = 'settled' AND NOT EXISTS (SELECT 1 FROM outcome WHERE item_id = s.item_id)
UNION ALL SELECT 'passed or placed without a decision', count(*) FROM state s
  WHERE state NOT IN ('received', 'withdrawn')
  AND NOT EXISTS (SELECT 1 FROM triage_triagedecision WHERE item_id = s.item_id)
UNION ALL SELECT 'a slot held without a turn', count(*) FROM assignment_slot s WHERE holder_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM assignment_assignment a WHERE a.slot_id = s.id AND a.ended_at IS NULL)
UNION ALL SELECT 'a turn open at a slot not held', count(*) FROM assignment_assignment a
  JOIN assignment_slot s ON s.id = a.slot_id WHERE a.ended_at IS NULL AND s.holder_id IS DISTINCT FROM a.user_id
UNION ALL SELECT 'an item without its event', count(*) FROM intake_item i
  WHERE NOT EXISTS (SELECT 1 FROM audit_event e WHERE e.item_id = i.id AND e.verb = 'receive')
UNION ALL SELECT 'contested, but nobody is to decide', count(*) FROM review_appeal JOIN state USING (item_id)
  WHERE ended_at IS NULL AND state NOT IN ('queued', 'in_review', 'escalated')
UNION ALL SELECT 'to be made good, but nobody knows of it', count(*) FROM review_followup f
  WHERE NOT EXISTS (SELECT 1 FROM review_publication p WHERE p.outcome_id = f.outcome_id)
UNION ALL SELECT 'said to be wrong, but simply passed', count(*) FROM triage_signal g JOIN state USING (item_id)
  WHERE state = 'passed'
UNION ALL SELECT 'published and undone', count(*) FROM review_publication p
  JOIN review_undo u ON u.outcome_id = p.outcome_id
"""


def broken(rows: list[tuple]) -> dict[str, int]:
    """Return the rules that do not hold, with how many items break each."""
    return {rule: count for rule, count in rows if count}


#: A snapshot reads every item, so of a long run they may take a twentieth of the time and no more.
LEAST_PAUSE, PAUSE_BY_SNAPSHOT = 0.5, 19


class Sampler:
    """Takes a snapshot again and again while something is done to the product."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.samples = 0
        self.faults: list[dict[str, int]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_of: Any) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        pause = LEAST_PAUSE
        while not self._done.wait(pause):
            began, pause = time.monotonic(), LEAST_PAUSE
            try:
                found = broken(self.patient.ask(CONSERVATION))
            except psycopg.Error:
                continue  # PostgreSQL is down at this moment
            pause = max(pause, PAUSE_BY_SNAPSHOT * (time.monotonic() - began))
            self.samples += 1
            self.faults += [found] if found else []
