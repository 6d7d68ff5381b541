"""Who is asking, and what each route demands. A route that demands nothing in particular has to say so, or nobody gets in.

`@requires(Permission.X)`, `@signed_in` and `@public` only mark a view; one guard in front of all views reads the mark.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_login import current_user

from webapp.auth.roles import FOR_VENDORS, ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.db import unit_of_work
from webapp.core.errors import PermissionDenied

__all__ = [
    "ROLE_PERMISSIONS",
    "Access",
    "CurrentStaff",
    "Permission",
    "Role",
    "audit_context",
    "can",
    "channel_scope",
    "current_staff",
    "declare_blueprint",
    "is_for_programs",
    "public",
    "requires",
    "set_token_staff",
    "signed_in",
    "staff_or_none",
]

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """The two demands that are not a permission."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"


Demand = Access | Permission
_MARK = "kontor_access"
_BLUEPRINTS = "kontor_blueprint_access"
_PROGRAM = "kontor_program"


@dataclass(frozen=True)
class CurrentStaff:
    """The signed-in person for the length of one request: plain values, read once, bound to no database session."""

    id: int
    name: str
    email: str
    role: Role
    channel_ids: frozenset[int] | None  # None: not limited
    language: str
    time_zone: str
    theme: str
    preferences: Mapping[str, Any]  # what the person chose for lists; each area has its own key
    session_id: int
    session_token: str
    has_second_step: bool = False
    token_id: int | None = None  # set when a program acts with an API token of this person
    token_name: str = ""
    granted: frozenset[Permission] | None = None  # what the token may at most; None: no token
    owner_channel_ids: frozenset[int] | None = None  # with a token: what its owner sees without it
    data_source_id: int | None = None  # with a token: the one vendor for whom it stands

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the person's role allows, and of it only what the token may when a program acts."""
        allowed = ROLE_PERMISSIONS[self.role]
        if self.data_source_id is not None:
            allowed &= FOR_VENDORS
        return allowed if self.granted is None else allowed & self.granted

    @property
    def is_narrowed(self) -> bool:
        """Whether a token acts that sees fewer channels than its owner: what the owner alone may know stays hidden."""
        return self.token_id is not None and self.channel_ids != self.owner_channel_ids

    @property
    def actor(self) -> str:
        """Who acts, for the audit log: the person, and by which token."""
        return f"{self.name[:80]} ({self.token_name[:36]})" if self.token_id is not None else self.name

    @property
    def initials(self) -> str:
        """Two letters for the round mark beside the name."""
        words = self.name.split() or ["?"]
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the session's token, never the person's id."""
        return self.session_token

    def __repr__(self) -> str:  # The token must not reach a log or an error page.
        return f"<CurrentStaff {self.id}>"


def staff_or_none() -> CurrentStaff | None:
    """The signed-in person; None when nobody is, and while the database cannot be asked (error pages need that)."""
    if "kontor_no_staff" in g:
        return None
    if is_for_programs():  # never the cookie: a page on another site must not make a browser call the API
        by_token: CurrentStaff | None = g.get(_PROGRAM)
        return by_token
    user: Any = current_user._get_current_object()
    return user if isinstance(user, CurrentStaff) else None


def is_for_programs() -> bool:
    """Whether the address belongs to the JSON API, which knows tokens and no cookies."""
    return request.path.startswith("/api/")


def set_token_staff(staff: CurrentStaff | None) -> None:
    """Who acts in this request to the API; None when the token is missing or worth nothing."""
    setattr(g, _PROGRAM, staff)


def current_staff() -> CurrentStaff:
    """The signed-in person, in a view that is not public; raises RuntimeError in one that is."""
    staff = staff_or_none()
    if staff is None:
        raise RuntimeError("Nobody is signed in; this view must not be @public.")
    return staff


def can(permission: Permission) -> bool:
    """Whether the signed-in person may do this; False when nobody is signed in. For what a page offers."""
    staff = staff_or_none()
    return staff is not None and permission in staff.permissions


def channel_scope() -> frozenset[int] | None:
    """The channels whose orders this person may know of; None means all. Others answer 404, as if they were not there."""
    return current_staff().channel_ids


def vendor_scope() -> int | None:
    """The one vendor (data source) whose orders the token may know of; None means every vendor's."""
    return current_staff().data_source_id


def audit_context(origin: Origin | None = None) -> AuditContext:
    """Who acts in this request and from where (by default page or API), for services and the audit log."""
    staff = staff_or_none()
    return AuditContext(
        origin=origin or (Origin.API if is_for_programs() else Origin.PAGE),
        staff_id=staff.id if staff else None,
        actor=staff.actor if staff else "Nobody signed in",
        request_id=g.get("request_id"),
        remote_addr=request.remote_addr,
        granted=staff.granted if staff else None,
        is_vendor=staff is not None and staff.data_source_id is not None,
    )


def requires(permission: Permission) -> Callable[[View], View]:
    """Only for people whose role has this permission."""

    def mark(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return mark


def signed_in(view: View) -> View:
    """For everybody who is signed in, whatever the role."""
    setattr(view, _MARK, Access.SIGNED_IN)
    return view


def public(view: View) -> View:
    """For everybody. Say in the view's docstring why it gives nothing away."""
    setattr(view, _MARK, Access.PUBLIC)
    return view


def declare_blueprint(app: Flask, name: str, demand: Demand) -> None:
    """State the demand of every route of a blueprint that others wrote, such as one of Flask-Admin's views."""
    app.extensions.setdefault(_BLUEPRINTS, {})[name] = demand


def demand_of(app: Flask, endpoint: str) -> Demand | None:
    """What a route demands; None for one that forgot to say."""
    marked: Demand | None = getattr(app.view_functions[endpoint], _MARK, None)
    by_blueprint: dict[str, Demand] = app.extensions.get(_BLUEPRINTS, {})
    return marked or by_blueprint.get(endpoint.rpartition(".")[0])


def undeclared_endpoints(app: Flask) -> list[str]:
    """Routes that state no demand; the guard refuses them all, a test expects none."""
    return sorted(endpoint for endpoint in app.view_functions if demand_of(app, endpoint) is None)


def init_guard(app: Flask, unauthenticated: Callable[[], Response]) -> None:
    """Put the one guard before every view; `unauthenticated` answers whoever is not signed in."""

    @app.before_request
    def guard() -> Response | None:
        if request.endpoint is None or request.endpoint not in app.view_functions:
            return None  # No such address: Flask answers 404 by itself.
        demand = demand_of(app, request.endpoint)
        if demand is Access.PUBLIC:
            return None
        staff = staff_or_none()
        if staff is None:
            return unauthenticated()
        if demand is not Access.SIGNED_IN and demand not in staff.permissions:
            raise _denied(demand)
        return None


def _denied(demand: Demand | None) -> PermissionDenied:
    endpoint = str(request.endpoint)
    if demand is None:
        log.error("The route %s declares no permission and is refused to everybody.", endpoint)
    with unit_of_work() as session:
        record(
            session,
            audit_context(),
            "auth.denied",
            subject=("route", endpoint[:64]),
            summary=str(demand or ""),
            refused=True,
        )
    words = "Your role does not allow this. Ask an administrator if it should."
    if is_for_programs():
        words = "The token, or the role of its owner, does not allow this."
    return PermissionDenied(words, details={"permission": str(demand) if demand else None})


def demands() -> dict[str, Demand | None]:
    """Every route of the running application with its demand, for the test that walks them."""
    return {endpoint: demand_of(current_app, endpoint) for endpoint in current_app.view_functions}
