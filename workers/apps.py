from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Loads the tasks, so that the product finds them by name without importing this package."""

    name = "workers"

    def ready(self) -> None:
        from . import app, tasks  # noqa: F401
