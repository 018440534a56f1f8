"""The verbs of hand-over notes: what one shift tells the next, and that it was read."""

from datetime import datetime

from django.db import transaction

from reviewqueue.common.errors import Invalid, NotAllowed, Place

from ..access import Viewer
from ..models import HandOver, HandOverContent, HandOverRead, Team
from ..teams import belongs_to, leads
from .teams import tell

LONGEST_NOTE = 4_000


def hand_over(*, from_team: Team, to_team: Team, text: str, by: Viewer, now: datetime) -> HandOver:
    """Tell the next shift, of this team or of another one, what it should know. Raises Invalid, NotAllowed."""
    assert by.user is not None
    if not leads(by, from_team) and not belongs_to(by.user.pk, from_team):
        raise NotAllowed
    text = text.replace("\x00", "").strip()
    if not 1 <= len(text) <= LONGEST_NOTE:
        places = [Place("#/text", f"From 1 to {LONGEST_NOTE:,} characters.")]
        raise Invalid("This is no hand-over note.", places=places)
    with transaction.atomic():
        note = HandOver.objects.create(
            workspace_id=from_team.workspace_id,
            from_team=from_team,
            to_team=to_team,
            written_at=now,
            written_by=by.user,
        )
        HandOverContent.objects.create(hand_over=note, workspace_id=note.workspace_id, text=text)
        tell(from_team, "hand_over", by, now, hand_over=str(note.pk), to=str(to_team.pk))
    return note


def read_hand_over(*, note: HandOver, by: Viewer, now: datetime) -> None:
    """Note that the viewer has read a hand-over note; twice is once."""
    assert by.user is not None
    read = HandOverRead(workspace_id=note.workspace_id, hand_over=note, user=by.user, read_at=now)
    HandOverRead.objects.bulk_create([read], ignore_conflicts=True)
