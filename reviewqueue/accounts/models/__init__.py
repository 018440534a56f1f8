"""Who there is: people, the workspaces and teams they belong to, and the ways in of programs."""

from .people import Membership, Role, User, UserManager, Workspace, WorkspaceOwned
from .programs import ApiKey, AskedOnce, QuotaUse, SignInFailure
from .teams import (
    Absence,
    ClosedDay,
    HandOver,
    HandOverContent,
    HandOverRead,
    Shift,
    Team,
    TeamMember,
)

__all__ = [
    "Absence",
    "ApiKey",
    "AskedOnce",
    "ClosedDay",
    "HandOver",
    "HandOverContent",
    "HandOverRead",
    "Membership",
    "QuotaUse",
    "Role",
    "Shift",
    "SignInFailure",
    "Team",
    "TeamMember",
    "User",
    "UserManager",
    "Workspace",
    "WorkspaceOwned",
]
