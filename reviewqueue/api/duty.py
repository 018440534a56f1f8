"""Live duty for programs that act as people: being here for held answers, and leaving."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.assignment.actions import go_on_duty, leave_duty
from reviewqueue.assignment.models import SILENCE
from reviewqueue.common import clock

from .fields import Fields
from .resource import Resource, membership_of
from .schema import described


class OnDuty(Resource):
    """The person's being here for held answers."""

    scopes: ClassVar = {"POST": "reviews:write", "DELETE": "reviews:write"}

    @described(
        "Be here for held answers",
        name="go_on_duty",
        answers={200: "Duty"},
        problems=[422],
        about="The key must act as a person. They count as here until `until`: say it again before then, every 20 "
        "seconds for one. With nobody here who could take it, a held answer is not waited for.",
    )
    def post(self, request: Request) -> Response:
        """Be here, or stay."""
        membership = membership_of(self.viewer(request))
        Fields(request, frozenset()).done()
        now = clock.now()
        duty = go_on_duty(membership=membership, now=now)
        return Response({"begun_at": duty.begun_at, "until": now + SILENCE})

    @described(
        "Be here no more",
        name="leave_duty",
        answers={204: None},
        about="Held answers that nobody else here could take are answered at once, as was agreed.",
    )
    def delete(self, request: Request) -> Response:
        """Leave."""
        leave_duty(membership=membership_of(self.viewer(request)), now=clock.now())
        return Response(status=204)
