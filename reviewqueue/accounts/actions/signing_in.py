"""The verbs that let people in, and that slow down guessing."""

from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from reviewqueue.common.errors import Invalid, Place, ProductError

from ..models import SignInFailure, User
from ..rules import digest_of

THROTTLE_WINDOW = timedelta(minutes=15)
MAX_FAILURES_PER_EMAIL = 8
MAX_FAILURES_PER_ADDRESS = 40


class TooManyTries(ProductError):
    """Too many wrong passwords: please wait a quarter of an hour, or ask an admin for a new password."""

    status = 429
    slug = "too-many-tries"


class WrongPassword(ProductError):
    """This e-mail address and password do not belong together."""

    status = 401
    slug = "wrong-password"


def check_password(*, email: str, password: str, address: str | None, now: datetime) -> User:
    """Return the person whose password fits. Raises WrongPassword, or TooManyTries after repeated failures."""
    digest = digest_of(email.strip().lower())
    recent = SignInFailure.objects.filter(at__gt=now - THROTTLE_WINDOW)
    if recent.filter(email_digest=digest).count() >= MAX_FAILURES_PER_EMAIL:
        raise TooManyTries
    if address and recent.filter(address=address).count() >= MAX_FAILURES_PER_ADDRESS:
        raise TooManyTries
    # PostgreSQL holds no U+0000, so no address has one
    user = None if "\0" in email else authenticate(username=email.strip().lower(), password=password)
    if not isinstance(user, User):
        SignInFailure.objects.create(email_digest=digest, address=address, at=now)
        raise WrongPassword
    return user


def prefer(*, user: User, language: str, time_zone: str) -> None:
    """Keep how a person wants to be spoken to."""
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["language", "time_zone"])


def change_password(*, user: User, current: str, new: str, now: datetime) -> None:
    """Give a person a password that only they know. Raises Invalid with the place of what is wrong."""
    if not user.check_password(current):
        raise Invalid("The present password is wrong.", places=[Place("#/current", "This is not your password.")])
    try:
        validate_password(new, user)
    except ValidationError as error:
        places = [Place("#/new", message) for message in error.messages]
        raise Invalid("The new password is too easy to guess.", places=places) from None
    user.set_password(new)
    user.password_changed_at = now
    user.save(update_fields=["password", "password_changed_at"])


def forget_failures(*, before: datetime) -> None:
    """Drop wrong passwords that no longer count."""
    SignInFailure.objects.filter(at__lt=before).delete()
