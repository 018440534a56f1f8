"""Due times: minutes of a team's working time, never earlier for what comes later."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from reviewqueue.accounts.working_time import ALWAYS, Calendar, Stretch, working_minutes
from reviewqueue.common.ids import new_id
from reviewqueue.queues.models import Queue
from reviewqueue.queues.promises import Promised, Promises

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("Europe/Berlin", tuple(Stretch(day, time(9), time(17)) for day in range(5)))
CALENDARS = st.sampled_from([ALWAYS, OFFICE, Calendar("Asia/Kathmandu", (Stretch(5, time(22), time(6)),))])
MOMENTS = st.timedeltas(timedelta(), timedelta(days=366)).map(lambda gone: datetime(2026, 1, 1, tzinfo=UTC) + gone)
MINUTES = st.integers(1, 3 * 24 * 60)


def test_what_comes_on_friday_evening_is_due_on_monday() -> None:
    friday = datetime(2026, 11, 20, 16, 30, tzinfo=BERLIN)
    assert Promised(60, OFFICE).due_at(friday) == datetime(2026, 11, 23, 9, 30, tzinfo=BERLIN)
    assert Promised(60).due_at(friday) == friday + timedelta(hours=1)


def test_a_rules_minutes_run_in_the_same_hours() -> None:
    evening = datetime(2026, 11, 20, 18, 0, tzinfo=BERLIN)
    assert Promised(600, OFFICE).due_at(evening, 15) == datetime(2026, 11, 23, 9, 15, tzinfo=BERLIN)


@given(at=MOMENTS, later=st.timedeltas(timedelta(), timedelta(days=10)), minutes=MINUTES, calendar=CALENDARS)
@settings(max_examples=150, deadline=None)
def test_what_comes_later_is_never_due_earlier(
    at: datetime, later: timedelta, minutes: int, calendar: Calendar
) -> None:
    promised = Promised(minutes, calendar)
    assert at <= promised.due_at(at) <= promised.due_at(at + later)


@given(at=MOMENTS, minutes=MINUTES, more=MINUTES, calendar=CALENDARS)
@settings(max_examples=150, deadline=None)
def test_a_longer_promise_is_never_due_earlier_and_holds_its_minutes(
    at: datetime, minutes: int, more: int, calendar: Calendar
) -> None:
    short, long = (Promised(length, calendar).due_at(at) for length in (minutes, minutes + more))
    assert short < long
    assert working_minutes(at, short, calendar) == minutes


def test_what_is_urgent_has_the_ordinary_promise_until_it_has_its_own() -> None:
    queue = Queue(id=new_id(), due_minutes=120)
    assert Promises().of(queue, "high").minutes == 120
    assert Promises({(queue.pk, "normal"): Promised(90)}).of(queue, "high").minutes == 90
    own = Promises({(queue.pk, "normal"): Promised(90), (queue.pk, "high"): Promised(15)})
    assert (own.of(queue, "high").minutes, own.of(queue, "normal").minutes) == (15, 90)
