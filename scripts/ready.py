"""Ask the web server on this machine whether it can serve: the health check of its container.

    python scripts/ready.py [PORT]

The product answers only to the hosts it was given, so the question goes to the first of ``ALLOWED_HOSTS``.
"""

import http.client
import os
import sys
from pathlib import Path


def main() -> int:
    """Return 0 when the server can serve, else 1 with the reason on standard error."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("PORT", "8000"))
    try:
        status, words = ask(port)
    except (OSError, http.client.HTTPException) as error:
        status, words = 0, f"no answer ({type(error).__name__})"
    if status != 200:
        sys.stderr.write(f"{words}\n")
    return int(status != 200)


def ask(port: int) -> tuple[int, str]:
    """Return the status and words of /readyz."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request("GET", "/readyz", headers={"Host": own_host()})
    answer = connection.getresponse()
    return answer.status, answer.read(500).decode(errors="replace")


def own_host() -> str:
    """Return a host that the product answers to, from the same places as the settings."""
    file = os.environ.get("ALLOWED_HOSTS_FILE")
    hosts = Path(file).read_text() if file else os.environ.get("ALLOWED_HOSTS", "")
    return hosts.split(",")[0].strip().lstrip(".") or "127.0.0.1"


if __name__ == "__main__":
    sys.exit(main())
