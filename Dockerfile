# Review Queue as an image: web, worker, run_due and migrate are four commands of the same one (docker-compose.yml).
# Pin a digest beside the tag in your own registry; the version is the one that the tests run on.

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements/base.txt /tmp/base.txt
# Only what is locked, only as it was locked, and nothing that would have to be compiled here.
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/base.txt

FROM python:3.11.14-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    DATA_DIR=/app/.data STATIC_ROOT=/app/static-collected STORAGE_DIR=/storage
RUN groupadd --gid 10001 reviewqueue && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin reviewqueue \
    && install --directory --owner=reviewqueue --group=reviewqueue --mode=0750 /storage
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY scripts/ready.py scripts/
COPY reviewqueue reviewqueue
COPY workers workers
COPY templates templates
COPY static static
COPY locale locale
# The settings refuse to start without these; they live for this one line and end up nowhere.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q reviewqueue workers
USER 10001:10001
EXPOSE 8000
VOLUME /storage
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "scripts/ready.py", "8000"]
CMD ["python", "-m", "uvicorn", "reviewqueue.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--timeout-graceful-shutdown", "5", "--no-access-log"]
