"""The list of orders: one URL for the page and its fragment, with and without a script."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from flask import Response, current_app, request, url_for
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from webapp.auth.permissions import Permission, can, channel_scope, current_staff, requires
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.remembered import Remembered
from webapp.core.settings import Settings
from webapp.orders.queries import detail, listing, search
from webapp.orders.queries.criteria import OrderFilter, Scope, View
from webapp.orders.queries.listing import ListRow, OrderPage
from webapp.orders.queries.mine import KeptView, Mine, read_mine
from webapp.orders.queries.surroundings import Surroundings, TagWord, read_surroundings
from webapp.orders.queries.totals import Total, count_matching
from webapp.orders.views.badges import keep_badges, keep_mentions
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.columns import COLUMNS, chosen_columns
from webapp.orders.views.list_state import ME, ListState, read_state
from webapp.orders.views.presets import presets
from webapp.orders.views.shown import Worder, Words
from webapp.ui.filters import Query, read_text
from webapp.ui.formatting import writer
from webapp.ui.htmx import is_htmx, push_url, redirect, render
from webapp.ui.i18n import gettext, reader_zone
from webapp.ui.tables import PAGE_SIZE

# Trigram statistics change with every ANALYZE, which on a large table is seldom.
STATISTICS_S: Final = 300.0
_REMEMBERED: Final = "kontor_orders_remembered"
_STATISTICS: Final = "kontor_orders_statistics"
# Whoever may do one of these to many orders can tick them.
_BULK: Final = (
    Permission.CHANNELS_PULL,
    Permission.CANCEL_OPEN,
    Permission.ORDERS_CHANGE_STATUS,
    Permission.ORDERS_NOTE,
)


@dataclass(frozen=True)
class Tab:
    """A built-in view with its count."""

    view: View
    count: int
    url: str
    current: bool


@dataclass(frozen=True)
class SavedTab:
    """A saved view; `changed`: the list was opened by it and narrowed otherwise since."""

    view: KeptView
    url: str
    current: bool
    changed: bool


@dataclass(frozen=True)
class MineTab:
    """A list that depends on its reader, with its count."""

    label: str
    count: int
    url: str
    current: bool


class Line(NamedTuple):
    """A row of the list, its order's page, its state in words, its figures and times as the reader writes them."""

    row: ListRow
    url: str
    words: Words
    amount: str
    placed: str
    modified: str
    house_tags: Sequence[TagWord]


@blueprint.record_once
def _remember(state: BlueprintSetupState) -> None:
    settings: Settings = state.app.extensions["kontor_settings"]
    state.app.extensions[_REMEMBERED] = Remembered(settings.timing.counts_s)
    state.app.extensions[_STATISTICS] = Remembered(min(STATISTICS_S, settings.timing.counts_s * 60))


@blueprint.get("/")
@requires(Permission.ORDERS_VIEW)
def index() -> Response:
    """The list; an exact order number in the top bar's search opens the order instead."""
    order_id = _order_jumped_to()
    if order_id is not None:
        return redirect(url_for("orders.show", order_id=order_id))
    context = list_ctx(db.session(), request.args, chosen_columns(current_staff().preferences))
    response = render("orders/index.html", "orders/_list.html", **context)
    url = context["state"].url(**context["paging"])
    if is_htmx() and request.full_path.rstrip("?") != url:
        # A form sends its empty fields too; the address bar shows the list's one spelling.
        push_url(response, url)
    return response


@blueprint.get("/filters")
@requires(Permission.ORDERS_VIEW)
def more_filters() -> Response:
    """What the filters offer that do not stand in the bar."""
    state = read_state(request.args, _surroundings(db.session(), channel_scope()))
    return render("orders/more_filters.html", "orders/_more_filters.html", state=state)


def list_ctx(session: Session, query: Query, columns: Iterable[str]) -> dict[str, Any]:
    """What the list shows for a query; six statements at most, on however many orders."""
    scope = channel_scope()
    around = _surroundings(session, scope)
    keep_badges(urgent=around.urgent, undecided=around.undecided)
    state = read_state(query, around)
    statistics = _statistics(session) if state.wanted.words else None
    page = _page(session, state, scope, statistics)
    shown = frozenset(state.columns or columns)
    mine = _mine(session, scope)
    keep_mentions(current_staff().id, mine.mentions)
    return {
        "state": state,
        "around": around,
        "tabs": _tabs(state, around),
        "lines": _lines(page.rows, shown, around),
        "mine": mine,
        "mine_tabs": _mine_tabs(state, mine),
        "saved_tabs": _saved_tabs(state, mine.views),
        "save_url": _save_url(state, shown),
        "page": page,
        "total": _total(session, state, page, around, scope, statistics),
        "columns": COLUMNS,
        "shown": shown,
        "presets": presets(utc_now().astimezone(reader_zone()).date()),
        "paging": state.paging,
        "too_short": bool(state.wanted.words) and search.read_words(state.wanted.words).too_short,
        "View": View,
        "may_pick": any(map(can, _BULK)),
        "filter_words": [
            (name, value)
            for name, values in state.query.items()
            if name not in ("after", "before", "sort")
            for value in values
        ],
    }


def _lines(rows: Iterable[ListRow], shown: frozenset[str], around: Surroundings) -> list[Line]:
    worder, pen, base = Worder(), writer(), url_for("orders.index")
    changed = "modified" in shown
    return [
        Line(
            row,
            f"{base}{row.id}",
            worder.words(row),
            pen.amount(row.amount, row.currency),
            pen.short(row.date_placed),
            pen.short(row.modified_at) if changed else "",
            [around.tags[key] for key in row.tag_ids if key in around.tags] if row.tag_ids else (),
        )
        for row in rows
    ]


def asked_list(session: Session, query: Query) -> ListState:
    """The state of the list that a form names."""
    return read_state(query, _surroundings(session, channel_scope()))


def statistics_of(session: Session) -> search.TrigramStatistics:
    """What is known of the words of all orders, for whoever looks words up."""
    return _statistics(session)


def list_url(session: Session, query: Query) -> str:
    """The list that the query names, where it stands."""
    state = read_state(query, _surroundings(session, channel_scope()))
    return state.url(**state.paging)


def _order_jumped_to() -> int | None:
    """The order whose exact number was typed into the search of the top bar, which sends nothing else."""
    number = read_text(request.args, "q")
    if is_htmx() or not number or set(request.args) != {"q"}:
        return None
    return detail.id_of_number(db.session(), number.removeprefix("#"), channel_scope())


def _page(
    session: Session, state: ListState, scope: Scope, statistics: search.TrigramStatistics | None
) -> OrderPage:
    def page_at(state_place: Any) -> OrderPage:
        return listing.page(
            session, state.wanted, scope, state.sort, state_place, statistics=statistics, size=PAGE_SIZE
        )

    page = page_at(state.place)
    # Whoever goes on from a row that is no longer in the list begins again instead of seeing nothing.
    return page_at(None) if state.place is not None and not page.rows else page


def _tabs(state: ListState, around: Surroundings) -> list[Tab]:
    return [
        Tab(
            view,
            around.counts.get(view, 0),
            state.view_url(view),
            view is state.wanted.view and state.saved_id is None,
        )
        for view in View
    ]


def _mine_tabs(state: ListState, mine: Mine) -> list[MineTab]:
    """The reader's own work and what is late, while there is any; each is the whole list with one filter."""
    tabs = [
        MineTab(gettext("Mine"), mine.assigned, state.only_url(assignee=ME), state.is_only(assignee=ME)),
        MineTab(
            gettext("Overdue"), mine.overdue, state.only_url(due="overdue"), state.is_only(due="overdue")
        ),
    ]
    return [tab for tab in tabs if tab.count or tab.current]


def _saved_tabs(state: ListState, views: Sequence[KeptView]) -> list[SavedTab]:
    base, tabs = url_for("orders.index"), []
    for view in views:
        url = f"{base}?{view.query}{'&' if view.query else ''}saved={view.id}"
        current = state.saved_id == view.id
        changed = current and state.kept_query() != view.query
        tabs.append(SavedTab(view, url, current, changed))
    return tabs


def _save_url(state: ListState, shown: Collection[str]) -> str:
    """Where the list is saved as a view, with the columns that are seen now."""
    columns = ".".join(column.name for column in COLUMNS if column.name in shown)
    query = state.url(cols=columns or None, saved=None).partition("?")[2]
    return f"{url_for('orders.new_view')}?{query}"


def kept_views(session: Session, *, fresh: bool = False) -> Sequence[KeptView]:
    """The saved views that the reader sees."""
    if fresh:
        forget_mine()
    return _mine(session, channel_scope()).views


def forget_mine() -> None:
    """Read anew what lists know of their reader: they have just changed it."""
    remembered: Remembered = current_app.extensions[_REMEMBERED]
    remembered.forget()


def view_count(session: Session, view: KeptView) -> Total | None:
    """How many orders a saved view has now, for this reader; None where words or size make that dear."""
    scope = channel_scope()
    query: Query = MultiDict(parse_qsl(view.query))
    wanted = read_state(query, _surroundings(session, scope)).wanted
    if wanted.words:
        return None
    remembered: Remembered = current_app.extensions[_REMEMBERED]
    total = remembered.get(("count", wanted, scope), lambda: count_matching(session, wanted, scope))
    return total if total.exact else None


def _total(
    session: Session,
    state: ListState,
    page: OrderPage,
    around: Surroundings,
    scope: Scope,
    statistics: search.TrigramStatistics | None,
) -> Total | None:
    """How many there are; None where nobody can say without counting for longer than it is worth."""
    wanted = state.wanted
    if wanted.is_a_view:
        return Total(around.counts.get(wanted.view, 0))
    if page.before is None and page.after is None:
        return Total(len(page.rows))
    if page.total is not None:
        return Total(page.total)
    if not wanted.words:
        remembered: Remembered = current_app.extensions[_REMEMBERED]
        return remembered.get(("count", wanted, scope), lambda: count_matching(session, wanted, scope))
    alone = wanted == OrderFilter(words=wanted.words) and scope is None
    if not alone or statistics is None:
        return None
    return Total(round(statistics.expected(search.read_words(wanted.words))), exact=False)


def _surroundings(session: Session, scope: Scope) -> Surroundings:
    remembered: Remembered = current_app.extensions[_REMEMBERED]
    return remembered.get(("around", scope), lambda: read_surroundings(session, scope))


def _mine(session: Session, scope: Scope) -> Mine:
    remembered: Remembered = current_app.extensions[_REMEMBERED]
    mine, today = current_staff().id, utc_now().astimezone(reader_zone()).date()
    return remembered.get(("mine", mine, scope, today), lambda: read_mine(session, mine, scope, today))


def _statistics(session: Session) -> search.TrigramStatistics:
    remembered: Remembered = current_app.extensions[_STATISTICS]
    return remembered.get("trigrams", lambda: search.read_statistics(session))
