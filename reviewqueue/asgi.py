"""The product as an ASGI application: Django as WSGI in threads."""

import os

from a2wsgi import WSGIMiddleware

from reviewqueue.wsgi import application as django

application = WSGIMiddleware(django, workers=int(os.environ.get("WEB_THREADS", "8")))
