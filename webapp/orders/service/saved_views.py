"""Saved views: lists that somebody comes back to. A person's own, or everybody's; those only with the permission."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, NotFound, PermissionDenied
from webapp.core.overtaken import overtaken
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.models import SavedView

LONGEST_NAME: Final = 40
LONGEST_QUERY: Final = 4_000
# More tabs than that find nothing any more.
MOST_OF_ONES_OWN: Final = 20
MOST_SHARED: Final = 20
_TURN: Final = text("SELECT pg_advisory_xact_lock(7306, 1)")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who keeps views: the person as the log names them, and what they may do."""

    context: AuditContext
    permissions: frozenset[Permission]

    @property
    def staff_id(self) -> int:
        """The person's. Raises PermissionDenied for a program."""
        if self.context.staff_id is None:
            raise PermissionDenied(N_("Views are kept by members of staff."))
        return self.context.staff_id

    @property
    def may_share(self) -> bool:
        """Whether they keep what all see."""
        return Permission.VIEWS_SHARE in self.permissions


@dataclass(frozen=True, slots=True)
class ViewDraft:
    """A view as it is to be; `query` stands behind the question mark, None leaves it."""

    name: str
    query: str | None = None
    is_shared: bool = False


def save_view(session: Session, draft: ViewDraft, owner: Owner) -> SavedView:
    """A new view, behind the others of its kind. Raises InvalidInput and PermissionDenied."""
    _take_turn(session)
    name, query = _checked(session, draft, owner, but=None), draft.query or ""
    place = _place_behind(session, owner, shared=draft.is_shared)
    view = SavedView(
        owner_id=owner.staff_id, name=name, query=query, is_shared=draft.is_shared, position=place
    )
    session.add(view)
    session.flush()
    _log(session, owner, view, "created", {"name": [None, name]})
    return view


def change_view(
    session: Session, view_id: int, draft: ViewDraft, owner: Owner, *, version: int | None = None
) -> SavedView:
    """Rename, share, or keep another list under the name. Raises NotFound, InvalidInput, PermissionDenied, and
    Conflict when a colleague has changed the view since it was looked at.
    """
    if session.scalar(select(SavedView.is_shared).where(SavedView.id == view_id)) is not draft.is_shared:
        _take_turn(session)
    view = _to_change(session, view_id, owner, version)
    if draft.is_shared != view.is_shared and not owner.may_share:
        raise PermissionDenied(N_("Only who may share views can give one to everybody, or take it back."))
    name = _checked(session, draft, owner, but=view)
    before = (view.name, view.is_shared)
    if draft.is_shared != view.is_shared:
        view.position = _place_behind(session, owner, shared=draft.is_shared, of=view.owner_id)
    view.name, view.is_shared = name, draft.is_shared
    view.query = view.query if draft.query is None else draft.query
    view.version += 1
    session.flush()
    changes: dict[str, list[object]] = {
        "name": [before[0], name],
        "is_shared": [before[1], draft.is_shared],
    }
    _log(session, owner, view, "changed", {key: pair for key, pair in changes.items() if pair[0] != pair[1]})
    return view


def delete_view(session: Session, view_id: int, owner: Owner, *, version: int | None = None) -> None:
    """Take the view away; the orders stay. Raises as change_view."""
    view = _to_change(session, view_id, owner, version)
    _log(session, owner, view, "deleted", {"name": [view.name, None]})
    session.delete(view)
    session.flush()


def move_view(session: Session, view_id: int, owner: Owner, *, by: int) -> None:
    """One place to the left (-1) or right (1) among those of its kind. Raises NotFound and PermissionDenied."""
    # The view alone is not locked before its siblings: two who move two views would wait for each other.
    view = _to_change(session, view_id, owner, None, lock=False)
    siblings = _siblings(session, owner, shared=view.is_shared, of=view.owner_id)
    if view not in siblings:
        raise NotFound(N_("There is no such view."))
    at = siblings.index(view)
    to = max(0, min(len(siblings) - 1, at + by))
    siblings.insert(to, siblings.pop(at))
    for position, each in enumerate(siblings, start=1):
        each.position = position
    session.flush()


def _to_change(
    session: Session, view_id: int, owner: Owner, version: int | None, *, lock: bool = True
) -> SavedView:
    view = session.get(SavedView, view_id, with_for_update=lock or None, populate_existing=True)
    if view is None or not (view.is_shared or view.owner_id == owner.staff_id):
        raise NotFound(N_("There is no such view."))
    if view.is_shared and not owner.may_share:
        raise PermissionDenied(N_("This view is everybody's. Ask a supervisor to change it."))
    if version is not None and version != view.version:
        template = N_("%(who)s has changed this view meanwhile. Look at it, then save again.")
        raise overtaken(session, ("saved_view", view_id), template, code="stale_version")
    return view


def _checked(session: Session, draft: ViewDraft, owner: Owner, *, but: SavedView | None) -> str:
    """The name in one line. Each person has a name once, whatever its case."""
    if draft.is_shared and not owner.may_share:
        raise PermissionDenied(N_("Only who may share views can give one to everybody."))
    name = " ".join(draft.name.replace("\0", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise _refused(said(N_("A name has 1 to %(most)s characters."), most=LONGEST_NAME))
    if len(draft.query or "") > LONGEST_QUERY:
        raise _refused(N_("This list has too many filters to be kept. Untick some."))
    holder = owner.staff_id if but is None else but.owner_id
    taken = select(SavedView.id).where(
        SavedView.owner_id == holder, func.lower(SavedView.name) == func.lower(name)
    )
    if but is not None:
        taken = taken.where(SavedView.id != but.id)
    if session.scalar(taken.limit(1)) is not None:
        raise _refused(N_("There is a view of this name already. Choose another name."))
    return name


def _siblings(session: Session, owner: Owner, *, shared: bool, of: int | None = None) -> list[SavedView]:
    """Everybody's views, or one person's own, in their order; locked, so that two who move views do not mix them."""
    query = select(SavedView).where(SavedView.is_shared.is_(shared))
    if not shared:
        query = query.where(SavedView.owner_id == (of or owner.staff_id))
    locked = query.order_by(SavedView.id).with_for_update().execution_options(populate_existing=True)
    # Put in order here: the database has sorted before it waited for whoever moved them.
    return sorted(session.scalars(locked), key=lambda view: (view.position, view.id))


def _take_turn(session: Session) -> None:
    """Until this transaction ends nobody else adds a view or gives one away: rows that are not there yet cannot be locked.

    Before any row of a view, so that no two wait for each other.
    """
    session.execute(_TURN)


def _place_behind(session: Session, owner: Owner, *, shared: bool, of: int | None = None) -> int:
    """The place behind the others of this kind. Raises InvalidInput where they are as many as tabs are of use."""
    others = len(_siblings(session, owner, shared=shared, of=of))
    most = MOST_SHARED if shared else MOST_OF_ONES_OWN
    if others >= most:
        raise _refused(said(N_("There are %(most)s views already. Delete one that nobody uses."), most=most))
    return others + 1


def _refused(words: str) -> InvalidInput:
    return InvalidInput(words, fields={"name": [words]})


def _log(
    session: Session, owner: Owner, view: SavedView, what: str, changes: dict[str, list[object]]
) -> None:
    """What all see is everybody's business; what one keeps for oneself is not."""
    if view.is_shared or "is_shared" in changes:
        record(
            session,
            owner.context,
            f"saved_view.{what}",
            subject=("saved_view", view.id),
            words=view.name,
            changes={key: pair for key, pair in changes.items() if key != "name"},
            personal={key: pair for key, pair in changes.items() if key == "name"},
        )
