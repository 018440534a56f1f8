"""The demo's AI systems as a program of their own: what lies behind once, then live answers.

Reads its key from the file that ``DEMO_KEY_FILE`` names, so that the key stands in no process list.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from reviewqueue.demo import feeder
from reviewqueue.demo.classifier import Classifier, unseen_customers
from reviewqueue.demo.items import to_classification_item
from reviewqueue.demo.office import office_items

BACKLOG = 60


def main() -> int:
    """Wait for the server, submit the history of the topic classifier once, then feed at the asked rate."""
    key = Path(os.environ["DEMO_KEY_FILE"]).read_text().strip()
    os.environ["REVIEWQUEUE_API_KEY"] = key
    options = feeder.arguments()
    with feeder.open_client(options.url, key) as client:
        _wait_for(client)
        submit_history(client, Path(os.environ["DEMO_DATA"]) / "demo_history_sent")
    return feeder.main()


def submit_history(client: httpx.Client, done: Path) -> None:
    """Submit once what was said before: the topics of yesterday, and the other assistants' work of today."""
    if done.exists():
        return
    classifier, yesterday = Classifier.trained(), datetime.now(UTC) - timedelta(days=1)
    items = [
        to_classification_item(
            customer,
            classifier.classify(customer.question),
            external_id=f"topic-{customer.id}",
            occurred_at=yesterday.replace(second=0, microsecond=0) + timedelta(minutes=number),
        )
        for number, customer in enumerate(unseen_customers()[:BACKLOG])
    ]
    feeder.submit_batch(client, [*items, *office_items(at=datetime.now(UTC))])
    done.touch()


def _wait_for(client: httpx.Client) -> None:
    while True:
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
