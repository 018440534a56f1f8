"""What endpoints answer, and why an address is refused, in the reader's language."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewqueue.common.errors import ProductError
from reviewqueue.delivery.addresses import AddressRefused
from reviewqueue.delivery.rules import NOT_WRITTEN

REFUSED = {
    "shape": gettext_lazy("This is not a web address; it begins with https:// or http://."),
    "user": gettext_lazy("An address must not hold a name or password; messages are signed instead."),
    "port": gettext_lazy("Nothing that speaks HTTP is expected at this port; it is refused."),
    "never": gettext_lazy("This leads to an address that is never called, such as a cloud's metadata."),
    "ours": gettext_lazy("This leads to a server of the product itself."),
    "private": gettext_lazy("This leads to a private address; an operator can allow those with PRIVATE_WEBHOOKS."),
}
_FAULTS = {
    "Timeout": gettext_lazy("no answer within 15 seconds"),
    "CertificateRefused": gettext_lazy("its certificate is not trusted, or another host's"),
    "TLS": gettext_lazy("no secure connection came about"),
    "NameNotFound": gettext_lazy("its name leads nowhere"),
    "ConnectionRefused": gettext_lazy("nobody listens there"),
    "ConnectionLost": gettext_lazy("the connection broke"),
    NOT_WRITTEN: gettext_lazy("the message could not be written; what it tells of may be gone"),
}


def refused(error: ProductError) -> str:
    """Return why something was not done."""
    return str(REFUSED[error.why]) if isinstance(error, AddressRefused) else error.detail


def said_in_words(one: Any) -> str:
    """Return what an endpoint said to a message: ``status`` and ``error`` of an answer, a try or a delivery."""
    status = getattr(one, "status", None) or getattr(one, "last_status", None)
    error = getattr(one, "error", "") or getattr(one, "last_error", "")
    if status:
        return _("it answered %(status)s") % {"status": status}
    if error.startswith("Refused:"):
        return str(REFUSED.get(error.partition(":")[2], error))
    return str(_FAULTS.get(error, error))
