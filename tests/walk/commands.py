"""Management commands one after the other in one process, which is started once for all of them.

A JSON list of them comes in, each a list of words; a list of what each printed goes out.
"""

import io
import json
import os
import sys

import django
from django.core.management import call_command


def run(words: list[str]) -> str:
    """Run one command, and return what it prints."""
    printed = io.StringIO()
    call_command(*words, stdout=printed)
    return printed.getvalue().strip()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
    django.setup()
    print(json.dumps([run(words) for words in json.load(sys.stdin)]))
