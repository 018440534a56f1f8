"""The verbs that configure queues."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from reviewqueue.accounts.models import Team, User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict, Invalid, NotThere, Place

from ..models import Promise, Queue, QueueMember, Rubric, Stop, StopContent
from ..queries import forget_stops

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")


def create_queue(*, workspace_id: UUID, slug: str, name: str, by: Actor, now: datetime, **settings: Any) -> Queue:
    """Create a queue; ``settings`` are its fields (reviews_required, lease_seconds, due_minutes, …)."""
    with transaction.atomic():
        queue = Queue.objects.create(workspace_id=workspace_id, slug=slug, name=name, created_at=now, **settings)
        record(workspace_id=workspace_id, verb="create", subject=("queue", queue.pk), by=by, at=now)
    return queue


def add_queue(*, workspace_id: UUID, slug: str, name: str, by: Actor, now: datetime) -> Queue:
    """Create a queue by what a lead typed. Raises Invalid, and Conflict when the workspace has one of that slug."""
    places = []
    if not SLUG.fullmatch(slug):
        places.append(Place("#/slug", _("Programs call a queue by letters, digits, - and _, at most 50 of them.")))
    if not name or len(name) > 200:
        places.append(Place("#/name", _("A queue has a name of at most 200 characters.")))
    if places:
        raise Invalid(_("This queue cannot be added."), places=places)
    try:
        return create_queue(workspace_id=workspace_id, slug=slug, name=name, by=by, now=now)
    except IntegrityError:
        raise Conflict(_("There is a queue “%(slug)s” already.") % {"slug": slug}) from None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a lead says about a queue; what has come already keeps what held when it came."""

    name: str
    reviews_required: int
    lease_seconds: int
    due_minutes: int
    hides_confidence: bool
    blind: bool
    agreement: str
    adjudicator_id: UUID | None


def change_queue(*, queue: Queue, to: Settings, by: Actor, now: datetime) -> None:
    """Say anew how a queue works. Raises Invalid with every place that is wrong."""
    places = [*_out_of_bounds(to), *_adjudicator_faults(queue, to)]
    if places:
        raise Invalid("These settings do not fit.", places=places)
    with transaction.atomic():
        held = Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
        wanted = asdict(to)
        changed = sorted(name for name, value in wanted.items() if getattr(held, name) != value)
        if changed:
            Queue.objects.filter(pk=held.pk).update(**{name: wanted[name] for name in changed})
            record(
                workspace_id=held.workspace_id,
                verb="change",
                subject=("queue", held.pk),
                by=by,
                at=now,
                data={name: {"was": _word(held, name), "is": _word(to, name)} for name in changed if name != "name"},
            )


def _word(of: Queue | Settings, name: str) -> str | int | None:
    value = getattr(of, name)
    return str(value) if isinstance(value, UUID) else value


def _out_of_bounds(to: Settings) -> Iterator[Place]:
    if not to.name or len(to.name) > 200:
        yield Place("#/name", "A queue has a name of at most 200 characters.")
    if not 1 <= to.reviews_required <= 9:
        yield Place("#/reviews_required", "From 1 to 9 reviews.")
    if not 5 <= to.lease_seconds <= 86_400:
        yield Place("#/lease_seconds", "From 5 seconds to a day.")
    if not 1 <= to.due_minutes <= 525_600:
        yield Place("#/due_minutes", "From a minute to a year.")
    if to.agreement not in Queue.Agreement.values:
        yield Place("#/agreement", f"One of {', '.join(Queue.Agreement.values)}.")


def _adjudicator_faults(queue: Queue, to: Settings) -> Iterator[Place]:
    takers = QueueMember.objects.filter(queue=queue, ended_at=None).values_list("user_id", flat=True)
    if to.adjudicator_id and to.adjudicator_id not in takers:
        yield Place("#/adjudicator", "Who decides between reviewers takes items from this queue.")


def write_rubric(
    *,
    queue: Queue,
    guidelines: Sequence[str],
    in_languages: Mapping[str, Sequence[str]] | None = None,
    by: User | None,
    actor: Actor,
    now: datetime,
) -> Rubric:
    """Write the next version of a queue's guidelines, and of what they are in other languages."""
    with transaction.atomic():
        last = Rubric.objects.filter(queue=queue).aggregate(last=Max("version"))["last"] or 0
        rubric = Rubric.objects.create(
            workspace_id=queue.workspace_id,
            queue=queue,
            version=last + 1,
            guidelines=list(guidelines),
            in_languages={language: list(lines) for language, lines in (in_languages or {}).items() if lines},
            created_at=now,
            created_by=by,
        )
        record(workspace_id=queue.workspace_id, verb="create", subject=("rubric", rubric.pk), by=actor, at=now)
    return rubric


def join_queue(*, queue: Queue, user: User, by: Actor, now: datetime) -> None:
    """Let a person take items from a queue; saying it twice changes nothing."""
    with transaction.atomic():
        _row, created = QueueMember.objects.get_or_create(
            queue=queue,
            user=user,
            ended_at=None,
            defaults={"workspace_id": queue.workspace_id, "created_at": now},
        )
        if created:
            record(
                workspace_id=queue.workspace_id,
                verb="join",
                subject=("queue", queue.pk),
                by=by,
                at=now,
                data={"user": str(user.pk)},
            )


def leave_queue(*, queue: Queue, user: User, by: Actor, now: datetime) -> None:
    """Let a person take no more items from a queue."""
    with transaction.atomic():
        if QueueMember.objects.filter(queue=queue, user=user, ended_at=None).update(ended_at=now):
            record(
                workspace_id=queue.workspace_id,
                verb="leave",
                subject=("queue", queue.pk),
                by=by,
                at=now,
                data={"user": str(user.pk)},
            )


# --- stops ----------------------------------------------------------------------------------------------------


class StoppedAlready(Conflict):
    """This is stopped already."""

    slug = "stopped-already"


def begin_stop(
    *,
    workspace_id: UUID,
    source_slug: str,
    queue: Queue | None,
    why: Stop.Why,
    note: str,
    by: User | None,
    actor: Actor,
    now: datetime,
) -> Stop:
    """Stop a source, a queue, or with neither the whole workspace. Raises StoppedAlready."""
    stop = Stop(workspace_id=workspace_id, source_slug=source_slug, queue=queue, why=why, begun_at=now, begun_by=by)
    try:
        with transaction.atomic():
            stop.save(force_insert=True)
            StopContent(stop=stop, workspace_id=workspace_id, note=note).save(force_insert=True)
            _tell_of_stop(stop, "stop", actor, now, why=str(why))
    except IntegrityError:
        raise StoppedAlready from None
    return stop


def end_stop(*, stop: Stop, by: User | None, actor: Actor, now: datetime) -> None:
    """Let work go on. Raises Conflict when it goes on already."""
    with transaction.atomic():
        if not Stop.objects.filter(pk=stop.pk, ended_at=None).update(ended_at=now, ended_by=by):
            raise Conflict("This stop has been ended already.")
        stop.ended_at, stop.ended_by = now, by
        _tell_of_stop(stop, "end_stop", actor, now)


def _tell_of_stop(stop: Stop, verb: str, actor: Actor, now: datetime, **data: str) -> None:
    """Record it, and let this process see it at once; the others see it within two seconds."""
    of = {"source": stop.source_slug, "queue": str(stop.queue_id) if stop.queue_id else None}
    record(
        workspace_id=stop.workspace_id,
        verb=verb,
        subject=("stop", stop.pk),
        by=actor,
        at=now,
        data={**{name: value for name, value in of.items() if value}, **data},
    )
    forget_stops(stop.workspace_id)
    transaction.on_commit(lambda: forget_stops(stop.workspace_id))


def note_held_back(*, stop: Stop, now: datetime) -> None:
    """Note that all that waited when it was stopped is out of the lines."""
    Stop.objects.filter(pk=stop.pk, held_back_at=None).update(held_back_at=now)


def note_let_go(*, stop: Stop, now: datetime) -> None:
    """Note that all that an ended stop held back is in its place again."""
    Stop.objects.filter(pk=stop.pk, ended_at__isnull=False, let_go_at=None).update(let_go_at=now)


# --- promises -----------------------------------------------------------------------------------------------------

MOST_PROMISED = 525_600


def set_promise(
    *, queue: Queue, urgency: str, minutes: int, team: Team | None, by: User | None, actor: Actor, now: datetime
) -> Promise:
    """Promise that what comes with an urgency is reviewed within minutes of a team's working time.

    Without a team the clock never stops. What has come already keeps its due time. Raises Invalid, NotThere.
    """
    _check_promise(queue, urgency, minutes, team)
    with transaction.atomic():
        Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
        Promise.objects.filter(queue=queue, urgency=urgency, ended_at=None).update(ended_at=now)
        promise = Promise.objects.create(
            workspace_id=queue.workspace_id,
            queue=queue,
            urgency=urgency,
            minutes=minutes,
            team=team,
            set_at=now,
            set_by=by,
        )
        _record_promise("set_promise", promise, actor, now)
    return promise


def _check_promise(queue: Queue, urgency: str, minutes: int, team: Team | None) -> None:
    if team and (team.workspace_id != queue.workspace_id or team.ended_at):
        raise NotThere
    if urgency not in Promise.Urgency.values:
        raise Invalid("The urgency is unknown.", places=[Place("#/urgency", "normal or high.")])
    if not 1 <= minutes <= MOST_PROMISED:
        words = _("Between %(least)s and %(most)s.") % {"least": 1, "most": MOST_PROMISED}
        raise Invalid(_("The minutes are wrong."), places=[Place("#/minutes", words)])
    other = Promise.objects.filter(queue=queue, team=team, ended_at=None).exclude(urgency=urgency).first()
    if other and (minutes > other.minutes) == (urgency == Promise.Urgency.HIGH) and minutes != other.minutes:
        words = _("What is urgent is not promised later than what is not.")
        raise Invalid(words, places=[Place("#/minutes", words)])


def end_promise(*, promise: Promise, actor: Actor, now: datetime) -> None:
    """Promise nothing special any more: the queue's own minutes hold. Raises Conflict when that is so already."""
    with transaction.atomic():
        if not Promise.objects.filter(pk=promise.pk, ended_at=None).update(ended_at=now):
            raise Conflict(_("This promise is over already."))
        _record_promise("end_promise", promise, actor, now)


def _record_promise(verb: str, promise: Promise, actor: Actor, now: datetime) -> None:
    record(
        workspace_id=promise.workspace_id,
        verb=verb,
        subject=("queue", promise.queue_id),
        by=actor,
        at=now,
        data={"urgency": str(promise.urgency), "minutes": promise.minutes, "team": str(promise.team_id or "")},
    )
