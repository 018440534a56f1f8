"""A program that accepts items into a spool as fast as it can: `python -m tests.sdk.submitter URL SPOOL NAME COUNT`.

After each that the client has accepted it says so on its standard output, which whoever kills it keeps.
``SPOOL_DIES_WITH_ITS_PROCESS`` gives it a spool that nobody finds again.
"""

import os
import sys
import tempfile
from itertools import count, islice
from pathlib import Path

from reviewqueue_client import Retry, ReviewQueue


def main(url: str, spool: str, name: str, most: int) -> None:
    """Accept items until there are enough, or somebody kills this."""
    if os.environ.get("SPOOL_DIES_WITH_ITS_PROCESS"):
        spool = tempfile.mkdtemp(dir=Path(spool).parent)
    rq = ReviewQueue(url, api_key=os.environ["KEY"], spool=spool, retry=Retry(first_pause=0.02, longest_pause=0.2))
    rq.background.start()
    print("ready", flush=True)
    for number in islice(count(), most):
        external_id = rq.submit_later(
            source="support-chatbot",
            external_id=f"{name}-{number}",
            kind="chat",
            input={"messages": [{"role": "user", "content": "Where is my parcel?"}]},
            output={"content": f"{number} " * 40},
        )
        os.write(1, f"{external_id}\n".encode())
    rq.flush(60)
    os.write(1, b"done\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
