"""What a client process finds ready: the server that client processes are forked from imports this once."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
django.setup()

import benchmarks.claim  # noqa: E402 - models are there only now
import benchmarks.claim_http  # noqa: E402
import benchmarks.intake  # noqa: E402
import benchmarks.latency  # noqa: E402
import benchmarks.poison  # noqa: E402
import benchmarks.release  # noqa: E402
import benchmarks.submit  # noqa: E402
import benchmarks.triage  # noqa: E402, F401
