#!/bin/sh
# Writes the lock files: hashes, every platform, no index addresses. Run it after a change of pyproject.toml.
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
  --python-version 3.11 pyproject.toml "$@"; }
lock -o requirements/base.txt
lock --group local -o requirements/local.txt
lock --group local --group dev -o requirements/dev.txt
