"""Two web processes and one quota: what one lets in counts in the other, within the bound that is documented."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.intake.actions import limit_source
from reviewqueue.intake.models import Item
from tests.api.serving import Site, serving
from tests.cast import NOW, Cast, item
from tests.walk.product import until

QUOTA, CLIENTS, EACH = 400, 8, 120


@pytest.mark.long
def test_two_processes_keep_to_one_quota(cast: Cast) -> None:
    limit_source(source=cast.source, items_per_minute=QUOTA, open_items_most=None, by=SYSTEM, now=NOW)
    with serving() as first, serving() as second:
        for site in (first, second):
            knows_the_quota(site, cast)
        before = Item.objects.count()
        until(lambda: 2 < now().second < 30, seconds=60)  # so that all is within one minute
        with ThreadPoolExecutor(CLIENTS) as threads:
            statuses = list(threads.map(lambda n: send(first if n % 2 else second, cast, n), range(CLIENTS)))
    let_in = Item.objects.count() - before
    print(f"{let_in} let in, the quota is {QUOTA}")
    assert {status for some in statuses for status in some} == {201, 429}
    assert QUOTA * 0.9 <= let_in <= QUOTA * 1.25


def knows_the_quota(site: Site, cast: Cast) -> None:
    """Wait until a process has learned its limits: a batch larger than the quota is refused."""
    with site.client(cast.key) as client:
        large = {"items": [item(f"known-{number}") for number in range(QUOTA + 1)]}
        until(lambda: client.post("/items/batch", json=large).status_code == 429)


def send(site: Site, cast: Cast, number: int) -> list[int]:
    with site.client(cast.key) as client:
        return [client.post("/items", json=item(f"n-{number}-{turn}")).status_code for turn in range(EACH)]
