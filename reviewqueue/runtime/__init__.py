"""The embedded PostgreSQL and Valkey, and the one-command start.

`addresses` says where the servers of a data directory are (running or not), `start_servers` starts or adopts
them, and `run_stack` keeps them and the product's own programs running in the foreground. Nothing here knows
Django, so settings may import it.
"""

from reviewqueue.runtime.address_book import Addresses, addresses
from reviewqueue.runtime.children import Program
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.passwords import kept_secret
from reviewqueue.runtime.programs import client
from reviewqueue.runtime.servers import Servers, running, start_servers
from reviewqueue.runtime.stack import run_stack

__all__ = [
    "Addresses",
    "CannotStart",
    "Program",
    "Servers",
    "addresses",
    "client",
    "kept_secret",
    "run_stack",
    "running",
    "start_servers",
]
