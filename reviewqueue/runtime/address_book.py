"""The addresses of a data directory's servers, running or not."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from reviewqueue.runtime import places
from reviewqueue.runtime.passwords import kept_secret

DATABASE = "reviewqueue"
ROLE = "reviewqueue"
ADMIN = "postgres"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP


@dataclass(frozen=True)
class Addresses:
    """Everything a client needs; passwords stay out of its printed form."""

    sockets: Path
    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    valkey_password: str = field(repr=False)

    @property
    def database_url(self) -> str:
        """For psycopg and for settings: the product's own role, which is no superuser."""
        return self._postgres_url(ROLE, self.password, DATABASE)

    @property
    def admin_database_url(self) -> str:
        """The superuser, for the start itself and for tests."""
        return self._postgres_url(ADMIN, self.admin_password, "postgres")

    @property
    def redis_url(self) -> str:
        """For redis-py."""
        return f"unix://:{self.valkey_password}@{self.valkey_socket}?db=0"

    @property
    def broker_url(self) -> str:
        """For Celery, whose name for a unix socket differs from redis-py's."""
        return f"redis+socket://:{self.valkey_password}@{self.valkey_socket}?virtual_host=0"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def database_settings(self) -> dict[str, str]:
        """Django's DATABASES entry."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": DATABASE,
            "USER": ROLE,
            "PASSWORD": self.password,
            "HOST": str(self.sockets),
            "PORT": str(PORT),
        }

    def _postgres_url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@{quote(str(self.sockets), safe='')}:{PORT}/{database}"


def addresses(data_dir: Path) -> Addresses:
    """Where a data directory's servers are, the same on every call; makes what is missing."""
    return of_place(places.prepare(data_dir))


def of_place(place: places.Place) -> Addresses:
    """The addresses of a place that is prepared already."""
    return Addresses(
        sockets=place.sockets,
        password=kept_secret(place.servers / "postgres.password"),
        admin_password=kept_secret(place.servers / "postgres-admin.password"),
        valkey_password=kept_secret(place.servers / "valkey.password"),
    )
