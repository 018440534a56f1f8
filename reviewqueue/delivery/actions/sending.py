"""Taking due messages, and writing what became of each: fair between endpoints, in sets."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from ..models import OPEN, Delivery, DeliveryAttempt, Webhook
from ..rules import GIVE_UP_AFTER, OPENS_AFTER, PROBE_EVERY, TRIES_IN_ORDER, Answer, Window, next_try

#: A lease is far longer than the sending of what is taken under it: all at once, each within posting.DEADLINE.
LEASE = timedelta(seconds=60)
#: Messages on their way from one sender at once.
ROOM = 256

#: An open circuit gives its longest waiting message, due or not; the others as many as their window has room for.
#: A later message of the same item waits for an earlier one: through its first tries, and while the circuit is open.
#: The endpoint's row is held, so two senders never fill one window twice.
TAKE = """
WITH endpoint AS MATERIALIZED (
  SELECT w.id, w.opened_at IS NOT NULL AS probed,
         CASE WHEN w.opened_at IS NOT NULL THEN 'infinity' ELSE %(now)s::timestamptz END AS until
  FROM delivery_webhook w
  WHERE w.disabled_at IS NULL AND w.paused_at IS NULL AND (w.quiet_until IS NULL OR w.quiet_until <= %(now)s)
    AND (%(only)s::uuid[] IS NULL OR w.id = ANY (%(only)s))
    AND EXISTS (
      SELECT 1 FROM delivery_delivery d
      WHERE d.webhook_id = w.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL
        AND (d.due_at <= %(now)s OR w.opened_at IS NOT NULL))
  FOR NO KEY UPDATE OF w SKIP LOCKED
), room AS (
  SELECT e.id, e.until, e.probed, CASE WHEN e.probed THEN 1 ELSE coalesce(g.size, %(first)s) END - (
    SELECT count(*) FROM delivery_delivery d WHERE d.webhook_id = e.id AND d.lease_until > %(now)s) AS free
  FROM endpoint e LEFT JOIN unnest(%(known)s::uuid[], %(sizes)s::int[]) AS g (id, size) ON g.id = e.id
), head AS (
  SELECT r.id AS webhook_id, d.id, d.due_at, row_number() OVER (PARTITION BY r.id ORDER BY d.due_at, d.id) AS place
  FROM room r CROSS JOIN LATERAL (
    SELECT d.id, d.due_at FROM delivery_delivery d
    WHERE d.webhook_id = r.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL AND d.due_at <= r.until
      AND (d.lease_until IS NULL OR d.lease_until <= %(now)s)
      AND NOT EXISTS (
        SELECT 1 FROM delivery_delivery b
        WHERE b.webhook_id = d.webhook_id AND b.stream_id = d.stream_id AND b.sequence < d.sequence
          AND b.delivered_at IS NULL AND b.given_up_at IS NULL AND (r.probed OR b.attempts <= %(in_order)s))
    ORDER BY d.due_at, d.id LIMIT greatest(r.free, 0)) d
), taken AS (
  SELECT id, webhook_id FROM head ORDER BY place, due_at LIMIT %(room)s
), probe AS (
  UPDATE delivery_webhook w SET quiet_until = %(probe)s
  WHERE w.id IN (SELECT webhook_id FROM taken) AND w.opened_at IS NOT NULL
)
UPDATE delivery_delivery d
SET attempts = least(d.attempts + 1, 30000), lease_until = %(lease)s, due_at = %(lease)s
FROM taken WHERE d.id = taken.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL
RETURNING d.id
"""


def take_due(
    *,
    now: datetime,
    room: int = ROOM,
    windows: Mapping[UUID, int] | None = None,
    only: Sequence[UUID] | None = None,
) -> list[Delivery]:
    """Take due messages to send at once; the attempt and the lease are committed before anything is sent.

    ``windows`` says how many messages an endpoint may have on its way; ``room`` is for all of them together, and
    each endpoint's first comes before anybody's second. ``only`` narrows it to these webhooks.
    """
    known = windows or {}
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "now": now,
                "first": Window.FIRST,
                "known": list(known.keys()),
                "sizes": list(known.values()),
                "in_order": TRIES_IN_ORDER,
                "room": room,
                "only": None if only is None else list(only),
                "lease": now + LEASE,
                "probe": now + PROBE_EVERY,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    taken = Delivery.objects.filter(pk__in=ids) if ids else Delivery.objects.none()
    return list(taken.select_related("webhook", "message__item__source").order_by("asked_at", "pk"))


def write_answer(*, delivery: Delivery, answer: Answer, now: datetime) -> None:
    """Write what an endpoint said to one message; see :func:`write_answers`."""
    write_answers(answered=[(delivery, answer)], now=now)


def write_answers(*, answered: Sequence[tuple[Delivery, Answer]], now: datetime) -> None:
    """Write what endpoints said: delivered, due again later, or given up; and what it says about each endpoint.

    An answer that comes when another sender has taken the message counts only when the endpoint has it.
    """
    if not answered:
        return
    by_webhook: defaultdict[UUID, list[Answer]] = defaultdict(list)
    for delivery, answer in answered:
        by_webhook[delivery.webhook_id].append(answer)
    with transaction.atomic():
        keep_attempts(answered, now)
        _deliver([(one, answer) for one, answer in answered if answer.delivered], now)
        _put_off([(one, answer) for one, answer in answered if not answer.delivered], now)
        well = set(Webhook.objects.filter(pk__in=by_webhook, failures=0).values_list("pk", flat=True))
        for webhook_id in sorted(by_webhook):
            if webhook_id not in well or not all(one.delivered for one in by_webhook[webhook_id]):
                _judge(webhook_id, by_webhook[webhook_id], now)


def keep_attempts(answered: Sequence[tuple[Delivery, Answer]], now: datetime) -> None:
    """Write what each try was answered."""
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(
            workspace_id=delivery.workspace_id,
            delivery=delivery,
            at=now,
            status=answer.status,
            error=answer.error[:80],
            duration_ms=answer.duration_ms,
        )
        for delivery, answer in answered
    )


_DELIVERED = """
UPDATE delivery_delivery d
SET delivered_at = %s, given_up_at = NULL, lease_until = NULL, last_status = a.status, last_error = ''
FROM unnest(%s::uuid[], %s::int[]) AS a (id, status) WHERE d.id = a.id AND d.delivered_at IS NULL
"""


def _deliver(answered: Sequence[tuple[Delivery, Answer]], now: datetime) -> None:
    if answered:
        ids, statuses = [one.pk for one, _ in answered], [answer.status for _, answer in answered]
        with connection.cursor() as cursor:
            cursor.execute(_DELIVERED, [now, ids, statuses])


_PUT_OFF = """
UPDATE delivery_delivery d
SET lease_until = NULL, last_status = a.status, last_error = a.error, given_up_at = a.given_up_at,
    due_at = coalesce(a.due_at, d.due_at)
FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[])
  AS a (id, lease, status, error, due_at, given_up_at)
WHERE d.id = a.id AND d.lease_until = a.lease AND d.delivered_at IS NULL AND d.given_up_at IS NULL
"""


def _put_off(answered: Sequence[tuple[Delivery, Answer]], now: datetime) -> None:
    rows = []
    for one, answer in answered:
        over = answer.gone or now - one.asked_at >= GIVE_UP_AFTER
        again = None if over else now + next_try(attempts=one.attempts, answer=answer)
        rows.append((one.pk, one.lease_until, answer.status, answer.error[:80], again, now if over else None))
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_PUT_OFF, [list(column) for column in zip(*rows, strict=True)])


def _judge(webhook_id: UUID, answers: Sequence[Answer], now: datetime) -> None:
    """Say what these answers mean for the endpoint: gone, well again, to be left alone for a while, or failing."""
    if any(one.gone for one in answers):
        leave_alone(webhook_id=webhook_id, because=Webhook.Disabled.GONE, now=now)
        return
    if any(one.delivered for one in answers):
        _close_circuit(webhook_id)
    elif failures := sum(one.speaks_against for one in answers):
        _count_failures(webhook_id, failures, now)
    if pause := max((one.asks_to_wait for one in answers if one.asks_to_wait), default=None):
        waits = Webhook.objects.filter(Q(quiet_until=None) | Q(quiet_until__lt=now + pause), pk=webhook_id)
        waits.update(quiet_until=now + pause)


def _close_circuit(webhook_id: UUID) -> None:
    """Forget the failures; when the circuit was open, what was put off meanwhile is due at once, in its order.

    Tries that the endpoint failed do not count for the message: nothing overtakes it because of them.
    """
    failed = Webhook.objects.filter(pk=webhook_id).exclude(failures=0)
    was_open = failed.filter(opened_at__isnull=False).update(failures=0, opened_at=None, quiet_until=None)
    if not was_open:
        failed.update(failures=0)
        return
    hasten = """
        UPDATE delivery_delivery SET due_at = asked_at, attempts = 0
        WHERE webhook_id = %s AND delivered_at IS NULL AND given_up_at IS NULL
          AND attempts > 0 AND lease_until IS NULL
    """
    with connection.cursor() as cursor:
        cursor.execute(hasten, [webhook_id])


_COUNT_FAILURES = """
UPDATE delivery_webhook SET failures = failures + %(more)s,
  opened_at = CASE WHEN failures + %(more)s >= %(most)s THEN coalesce(opened_at, %(now)s) END,
  quiet_until = CASE WHEN failures + %(more)s >= %(most)s THEN greatest(quiet_until, %(probe)s) ELSE quiet_until END
WHERE id = %(id)s RETURNING opened_at
"""


def _count_failures(webhook_id: UUID, failures: int, now: datetime) -> None:
    """Count failures; enough of them open the circuit, and while it is open what has waited too long is given up."""
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"more": failures, "most": OPENS_AFTER, "now": now, "id": webhook_id}
        given["probe"] = now + PROBE_EVERY
        cursor.execute(_COUNT_FAILURES, given)
        opened = cursor.fetchone()[0]
    if opened:
        waited = Delivery.objects.filter(OPEN, webhook_id=webhook_id, asked_at__lte=now - GIVE_UP_AFTER)
        waited.filter(lease_until=None).update(given_up_at=now)


def leave_alone(*, webhook_id: UUID, because: Webhook.Disabled, now: datetime) -> None:
    """Disable a webhook for good, and give up what still waits for it."""
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook_id, disabled_at=None).update(disabled_at=now, disabled_because=because)
        Delivery.objects.filter(OPEN, webhook_id=webhook_id).update(given_up_at=now, lease_until=None)
