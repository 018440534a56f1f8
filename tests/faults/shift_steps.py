"""The steps of a lead who shifts items, for each failpoint: one item, and a bulk action that a worker does."""

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, User
from reviewqueue.assignment.actions import shifting
from reviewqueue.assignment.standing import Asked
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue
from tests import steps
from tests.cast import NOW, Cast

COUNT = 4


def _lead() -> Viewer:
    return viewer_of_member(Membership.objects.select_related("user").get(user__email="lead@acme.localhost"))


def _careful() -> Queue:
    return Queue.objects.get(slug="careful", workspace__slug="acme")


def _first() -> Item:
    return Item.objects.order_by("pk")[0]


# --- what must be there before -------------------------------------------------------------------------------


def asked_for(cast: Cast, count: int = COUNT) -> None:
    """A lead has asked for items to be moved; a worker is to do it."""
    _ask(cast, Asked("move", queue=cast.careful), count)


def holds_asked_for(cast: Cast) -> None:
    """A lead has asked for items to be held, which goes one by one."""
    _ask(cast, Asked("hold"), COUNT)


def _ask(cast: Cast, asked: Asked, count: int) -> None:
    ids = [one.id for one in steps.queued(cast, count)]
    shifting.open_action(
        workspace_id=cast.workspace.pk, asked=asked, item_ids=ids, reason="Wrong line.", by=cast.lead.user, at=NOW
    )


def asked_for_one(cast: Cast) -> None:
    """A lead has asked for one item to be moved."""
    asked_for(cast, 1)


# --- the steps -----------------------------------------------------------------------------------------------


def raise_one() -> None:
    pipeline.raise_rank(item=_first(), minutes=60, by=_lead(), now=NOW)


def move_one() -> None:
    pipeline.move_entry(item=_first(), to=_careful(), by=_lead(), now=NOW)


def give_one() -> None:
    to = User.objects.get(email="reviewer2@acme.localhost")
    pipeline.reassign(item=_first(), to=to, by=_lead(), now=NOW)


def do_one() -> None:
    assert pipeline.do_bulk(now=NOW) == 1


def do_page() -> None:
    assert pipeline.do_bulk(now=NOW) == COUNT


def do_all() -> None:
    while pipeline.do_bulk(now=NOW):
        pass
