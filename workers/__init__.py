"""Background work: thin Celery tasks, everything periodic, and the sweeper that needs no broker."""
