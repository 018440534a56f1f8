"""A sender in a process of its own, its clock so many seconds ahead, until it is killed or told to stop.

``python -m tests.delivery.sender SECONDS_AHEAD``: prints a line when it begins; ends when its standard input does.
"""

import os
import sys
import threading
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
django.setup()

from reviewqueue.common.clock import now  # noqa: E402 - settings first
from reviewqueue.delivery.sending import send_due  # noqa: E402


def main() -> None:
    """Send what is due, again and again."""
    ahead, over = timedelta(seconds=float(sys.argv[1])), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("begun", flush=True)
    while not over.is_set():
        send_due(clock=lambda: now() + ahead, seconds=1)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
