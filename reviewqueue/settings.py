"""All settings, from the environment; unsafe values stop the start with one clear line.

Every variable has a ``…_FILE`` form that names a file holding the value. Without ``DATABASE_URL`` and
``REDIS_URL`` the embedded servers of ``DATA_DIR`` are used (see runtime/).
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from csp.constants import NONE, SELF

from reviewqueue.common.environment import (
    env,
    env_choice,
    env_flag,
    env_int,
    env_list,
    env_url,
    mail_settings,
    refuse,
    split_url,
)
from reviewqueue.common.pooled import PooledConnection
from reviewqueue.runtime import CannotStart, addresses, kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
EMBEDDED = not env("DATABASE_URL")


# --- the embedded servers, or others -----------------------------------------------------------------------


_POSTGRESQL = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix", "redis+socket")


def _database(url: str) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL address."""
    parts = split_url("DATABASE_URL", url)
    if parts.scheme not in _POSTGRESQL:
        refuse("DATABASE_URL must begin with postgresql://; there is no other database engine")
    if not parts.path.strip("/"):
        refuse("DATABASE_URL must name the database: postgresql://role:password@host:port/name")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": query,
    }


if EMBEDDED:
    _addresses = addresses(DATA_DIR)
    _default: dict[str, Any] = {**_addresses.database_settings()}
    REDIS_URL = env_url("REDIS_URL", _REDIS) or _addresses.redis_url
    CELERY_BROKER_URL = env("REDIS_URL") or _addresses.broker_url
else:
    _default = _database(env("DATABASE_URL"))
    REDIS_URL = env_url("REDIS_URL", _REDIS)
    if not REDIS_URL:
        refuse("REDIS_URL must be set together with DATABASE_URL")
    CELERY_BROKER_URL = REDIS_URL

_default["OPTIONS"] = {
    # a server that is gone without a word is noticed (over TCP)
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "tcp_user_timeout": 20_000,
    **_default.get("OPTIONS", {}),
    "application_name": env("PROGRAM", "reviewqueue"),
    "options": "-c idle_in_transaction_session_timeout=60000 -c lock_timeout=20000"
    f" -c statement_timeout={env_int('STATEMENT_SECONDS', 0, most=86_400)}s",
    "pool": {
        "connection_class": PooledConnection,
        "min_size": 1,
        "max_size": env_int("DATABASE_POOL", 20, least=1, most=10_000),
        "timeout": env_int("DATABASE_POOL_SECONDS", 10, least=1, most=3_600),
        "reconnect_timeout": 1,  # then whoever comes next tries again: no growing pauses after an outage
        "max_idle": 120,
    },
}
_default["CONN_MAX_AGE"] = 0
_default["CONN_HEALTH_CHECKS"] = True  # of a connection from the pool: see PooledConnection
# what comes with every item is prepared once for each connection (common/parts.py); some poolers forget that
_default["OPTIONS"]["prepare_threshold"] = 5 if env_flag("PREPARED_STATEMENTS", True) else None
DATABASES = {"default": _default}
#: past any pooler, for the one connection of each web process that listens; empty: DATABASE_URL is direct itself
DATABASE_DIRECT_URL = env_url("DATABASE_DIRECT_URL", _POSTGRESQL)


# --- safety ------------------------------------------------------------------------------------------------

DEBUG = env_flag("DEBUG", False)


def _embedded_secret_key() -> str:
    """Return the embedded start's own key: made once, kept at 0600."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        return kept_secret(DATA_DIR / "secret_key")
    except CannotStart as error:
        refuse(str(error))


SECRET_KEY = env("SECRET_KEY") or (_embedded_secret_key() if EMBEDDED else "")
if not SECRET_KEY:
    refuse("SECRET_KEY must be set (50 characters or more) when DATABASE_URL is")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or "insecure" in SECRET_KEY or "change" in SECRET_KEY.lower():
    refuse("SECRET_KEY is too short or a known default; use 50 or more random characters")
if DEBUG and not EMBEDDED:
    refuse("DEBUG must not be on with an external database; unset DEBUG")

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if EMBEDDED else [])
if "*" in ALLOWED_HOSTS:
    refuse("ALLOWED_HOSTS must name the hosts; * is refused")
if not ALLOWED_HOSTS:
    refuse("ALLOWED_HOSTS must name the hosts this product is reached at")

HTTPS = env_flag("HTTPS", not EMBEDDED)
_origins = [f"https://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", _origins if HTTPS else [])
if not all(origin.startswith(("https://", "http://")) for origin in CSRF_TRUSTED_ORIGINS):
    refuse("CSRF_TRUSTED_ORIGINS must name origins such as https://review.example.com:8443")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "rq_session", "rq_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 7
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_flag("BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000


# --- the product -------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "reviewqueue.audit",
    "reviewqueue.accounts",
    "reviewqueue.queues",
    "reviewqueue.intake",
    "reviewqueue.triage",
    "reviewqueue.assignment",
    "reviewqueue.review",
    "reviewqueue.edgecases",
    "reviewqueue.delivery",
    "reviewqueue.datasets",
    "reviewqueue.api",
    "reviewqueue.web",
    "reviewqueue.demo",
    "workers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "reviewqueue.web.pages_only.static_files",
    "reviewqueue.web.pages_only.content_security_policy",
    "reviewqueue.web.pages_only.sessions",
    "reviewqueue.web.pages_only.languages",
    "django.middleware.common.CommonMiddleware",
    "reviewqueue.web.pages_only.forgery",
    "reviewqueue.web.pages_only.sign_in",
    "reviewqueue.web.pages_only.messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "reviewqueue.web.pages_only.htmx",
    "reviewqueue.web.context.member_middleware",
]

ROOT_URLCONF = "reviewqueue.urls"
WSGI_APPLICATION = "reviewqueue.wsgi.application"
ASGI_APPLICATION = "reviewqueue.asgi.application"
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "sign_in"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reviewqueue.web.context.everywhere",
            ],
        },
    }
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGE_DIR = Path(env("STORAGE_DIR", str(DATA_DIR / "storage")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 3600

UNDO_SECONDS = 10
TRIAGE_SECONDS = env_int("TRIAGE_SECONDS", 5, least=1, most=600)
TRIAGE_LEASE_SECONDS = env_int("TRIAGE_LEASE_SECONDS", 120, least=1, most=86_400)
#: how long each detector may look at one batch before triage goes on without it
DETECTOR_MILLISECONDS = env_int("DETECTOR_MILLISECONDS", 500, least=1, most=600_000)
#: what a key and a source may ask, unless they have limits of their own; 0 is no limit
KEY_REQUESTS_PER_MINUTE = env_int("KEY_REQUESTS_PER_MINUTE", 120_000)
SOURCE_ITEMS_PER_MINUTE = env_int("SOURCE_ITEMS_PER_MINUTE", 1_000_000)
SOURCE_OPEN_ITEMS = env_int("SOURCE_OPEN_ITEMS", 250_000)
PRIVATE_WEBHOOKS = env_flag("PRIVATE_WEBHOOKS", EMBEDDED)
WEBHOOK_LOG_DAYS = env_int("WEBHOOK_LOG_DAYS", 30, least=1, most=36_500)
WEBHOOK_MESSAGE_DAYS = env_int("WEBHOOK_MESSAGE_DAYS", 90)
if not max(WEBHOOK_LOG_DAYS, 8) <= WEBHOOK_MESSAGE_DAYS <= 36_500:
    refuse("WEBHOOK_MESSAGE_DAYS is from 8 (tries go on for 7 days) to 36500, and not less than WEBHOOK_LOG_DAYS")
METRICS_TOKEN = env("METRICS_TOKEN")
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    refuse("METRICS_TOKEN has 20 random characters or more")

#: where people reach the pages, for the links in e-mails
PUBLIC_URL = env_url("PUBLIC_URL", ("https", "http")).rstrip("/")
DEFAULT_FROM_EMAIL = env("MAIL_FROM", "Review Queue <review-queue@localhost>")
globals().update(mail_settings(env("EMAIL_URL", "console:")))
EMAIL_TIMEOUT = 10

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["reviewqueue.api.keys.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["reviewqueue.api.keys.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["reviewqueue.api.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "reviewqueue.api.operations.Operation",
    "EXCEPTION_HANDLER": "reviewqueue.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Review Queue",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Submit AI outputs for review; get the outcome, the correction and the training data back.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SORT_OPERATIONS": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- the bell (architecture: PostgreSQL is the queue) --------------------------------------------------------

CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 0.5,
    "max_retries": 0,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "reviewqueue"

_LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}},
    "root": {"handlers": ["stderr"], "level": _LOG_LEVEL},
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL"}, "httpx": {"level": "WARNING"}},
}
