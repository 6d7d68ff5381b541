"""What the URL of a list of orders says: view, filters, sort and place, and the URLs that differ from it by one thing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final
from urllib.parse import urlencode

from flask import url_for

from webapp.auth.permissions import current_staff
from webapp.core.clock import utc_now
from webapp.core.ids import LARGEST_ID
from webapp.orders.enums import CancelStatus, OrderStatus
from webapp.orders.queries.criteria import Flag, OrderFilter, Place, Sort, SortKey, View
from webapp.orders.queries.surroundings import Surroundings
from webapp.orders.views.columns import known_columns
from webapp.ui.filters import (
    AmountPill,
    ChoicePill,
    DayPill,
    Option,
    Pill,
    Query,
    kept_choice,
    query_names,
    read_amounts,
    read_choices,
    read_days,
    read_text,
)
from webapp.ui.i18n import gettext, language, reader_zone
from webapp.ui.tables import decode_cursor, encode_cursor

# As an order lives: its way to the customer first, then the ways it can end otherwise.
STATUSES: Final = (
    *(status for status in OrderStatus if status >= OrderStatus.WAITING and status != OrderStatus.REFUNDED),
    OrderStatus.CANCELLATION_WAITING,
    OrderStatus.CANCELLED,
    OrderStatus.REFUNDED,
)
_ALWAYS_SHOWN: Final = ("status", "channel", "placed", "amount")
_PAGING: Final = ("after", "before")
ME: Final = "me"
_DUE_DAYS: Final = {"overdue": 0, "today": 1, "week": 8}


@dataclass(frozen=True)
class ListState:
    """What is asked for, and the words of the URL that say so: known ones with a value, nothing else."""

    wanted: OrderFilter
    sort: Sort
    place: Place | None
    pills: Sequence[Pill]
    query: Mapping[str, Sequence[str]]
    base: str

    @property
    def shown_pills(self) -> list[Pill]:
        """The pills that stand in the bar: four always, the others while they narrow the list."""
        return [pill for pill in self.pills if pill.name in _ALWAYS_SHOWN or pill.shown]

    @property
    def more_pills(self) -> list[Pill]:
        """The others, behind "More"."""
        return [pill for pill in self.pills if pill.name not in _ALWAYS_SHOWN and not pill.shown]

    @property
    def is_filtered(self) -> bool:
        """Whether "Clear" has something to clear."""
        return not self.wanted.is_a_view

    @property
    def paging(self) -> dict[str, Sequence[str]]:
        """The words that say where in the list this page begins."""
        return {name: self.query[name] for name in _PAGING if name in self.query}

    def url(self, **changes: str | Sequence[str] | None) -> str:
        """This list with some words changed; None takes one out. Paging starts again."""
        query: dict[str, str | Sequence[str]] = {
            name: values for name, values in self.query.items() if name not in _PAGING
        }
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        return f"{self.base}?{urlencode(query, doseq=True)}" if query else self.base

    def view_url(self, view: View) -> str:
        """The same filters in another view."""
        return self.url(view=None if view is View.ALL else view.value, saved=None)

    def kept_query(self) -> str:
        """What a saved view keeps of it: view, filters, sort and columns, never a page."""
        words = {name: values for name, values in self.query.items() if name not in (*_PAGING, "saved")}
        return urlencode(words, doseq=True)

    @property
    def saved_id(self) -> int | None:
        """The saved view that the list was opened by."""
        return int(self.query["saved"][0]) if "saved" in self.query else None

    @property
    def columns(self) -> list[str] | None:
        """The columns that the URL names; None leaves them to the reader's own choice."""
        return self.query["cols"][0].split(".") if "cols" in self.query else None

    def only_url(self, **words: str) -> str:
        """The whole list with nothing but these words."""
        return f"{self.base}?{urlencode(words)}"

    def is_only(self, **words: str) -> bool:
        """Whether nothing but these words narrows the list."""
        narrowed = {name: values for name, values in self.query.items() if name not in (*_PAGING, "sort")}
        return narrowed == {name: (value,) for name, value in words.items()}

    def cleared_url(self) -> str:
        """The view without its filters."""
        names: Iterable[str] = (*query_names(self.pills), "q", "customer", "saved")
        return self.url(**dict.fromkeys(names))

    def sort_url(self, column: str) -> str:
        """Sorted by this column: the other way round when it already is, else from high to low."""
        key = SortKey(column)
        down = not self.sort.descending if self.sort.key is key else True
        sort = Sort(key, down)
        return self.url(sort=None if sort == Sort() else sort.word)

    def page_url(self, place: Place | None) -> str | None:
        """The page at this place; None for none."""
        if place is None:
            return None
        cursor = encode_cursor(self.sort.word, (place.value, place.order_id))
        return self.url(**{"before" if place.backward else "after": cursor})


def read_state(query: Query, around: Surroundings) -> ListState:
    """The state that the URL's query names; what was never anything is passed over."""
    view = View(query["view"]) if query.get("view") in set(View) else View.ALL
    sort = Sort.of_word(query.get("sort"))
    pills = _pills(query, around)
    wanted = _filter(query, view, {pill.name: pill for pill in pills})
    place = _place(query, sort)
    words = _words(query, wanted, sort, pills, paged=place is not None)
    return ListState(wanted, sort, place, pills, words, url_for("orders.index"))


def _pills(query: Query, around: Surroundings) -> list[Pill]:
    return [
        _choice(query, "status", gettext("Status"), _worded(STATUSES, language())),
        kept_choice(query, "channel", gettext("Channel"), _named(around.channels)),
        DayPill("placed", gettext("Placed"), read_days(query, "placed")),
        AmountPill("amount", gettext("Amount"), read_amounts(query, "amount")),
        kept_choice(query, "payment", gettext("Payment"), _named(around.payments)),
        kept_choice(query, "cargo", gettext("Carrier"), _named(around.cargo)),
        kept_choice(
            query,
            "currency",
            gettext("Currency"),
            [Option(code, code) for code in around.currencies],
            could_be=re.compile("[A-Z]{3}"),
        ),
        _choice(query, "cancel", gettext("Cancellation"), _worded(tuple(CancelStatus), language())),
        _choice(query, "flag", gettext("Exception"), _worded(tuple(Flag), language())),
        kept_choice(query, "tag", gettext("Tag"), _tag_options(around)),
        kept_choice(query, "assignee", gettext("Looked after by"), _people(around)),
        _choice(query, "due", gettext("Due"), _dues()),
    ]


def _choice(query: Query, name: str, label: str, options: Sequence[Option]) -> ChoicePill:
    return ChoicePill(name, label, options, read_choices(query, name, [option.value for option in options]))


@cache
def _worded(members: tuple[OrderStatus | CancelStatus | Flag, ...], _language: str) -> list[Option]:
    """The menu of these members in the reader's language: the same words for every reader of it."""
    return [
        Option(str(member.value), gettext(member.label), getattr(member, "dot", None)) for member in members
    ]


def _tag_options(around: Surroundings) -> list[Option]:
    return [Option(str(key), tag.name) for key, tag in around.tags.items()]


def _people(around: Surroundings) -> list[Option]:
    """The reader first, as whoever reads: so a shared list of "my" orders is everybody's own."""
    return [Option(ME, gettext("Me")), *_named(around.staff)]


def _dues() -> list[Option]:
    return [
        Option("overdue", gettext("Overdue")),
        Option("today", gettext("Today or overdue")),
        Option("week", gettext("In seven days or before")),
    ]


def _due_before(chosen: Sequence[str]) -> date | None:
    """The first day that is not meant any more, by the reader's calendar; the widest of several choices."""
    if not chosen:
        return None
    today = utc_now().astimezone(reader_zone()).date()
    return today + timedelta(days=max(_DUE_DAYS[value] for value in chosen))


def _named(names: Mapping[int, str]) -> list[Option]:
    return [Option(str(key), name) for key, name in names.items()]


def _filter(query: Query, view: View, pills: Mapping[str, Pill]) -> OrderFilter:
    def chosen(name: str) -> tuple[str, ...]:
        pill = pills[name]
        return pill.chosen if isinstance(pill, ChoicePill) else ()

    def numbers(name: str) -> tuple[int, ...]:
        return tuple(map(int, chosen(name)))

    placed, amount = pills["placed"], pills["amount"]
    return OrderFilter(
        view=view,
        words=read_text(query, "q"),
        statuses=numbers("status"),
        channels=numbers("channel"),
        payments=numbers("payment"),
        cargo=numbers("cargo"),
        currencies=chosen("currency"),
        cancel_statuses=chosen("cancel"),
        flags=tuple(map(Flag, chosen("flag"))),
        placed=placed.days.instants() if isinstance(placed, DayPill) else (None, None),
        least=amount.amounts.least if isinstance(amount, AmountPill) else None,
        most=amount.amounts.most if isinstance(amount, AmountPill) else None,
        customer_id=_number(query.get("customer")),
        tags=numbers("tag"),
        assignees=tuple(current_staff().id if each == ME else int(each) for each in chosen("assignee")),
        due_before=_due_before(chosen("due")),
    )


def _place(query: Query, sort: Sort) -> Place | None:
    kind: type[datetime] | type[Decimal] = Decimal if sort.key is SortKey.AMOUNT else datetime
    for name in _PAGING:
        values = decode_cursor(query.get(name), sort.word, (kind, int))
        if values is not None and isinstance(values[0], kind) and isinstance(values[1], int):
            return Place(values[0], values[1], backward=name == "before")
    return None


def _words(
    query: Query, wanted: OrderFilter, sort: Sort, pills: Sequence[Pill], *, paged: bool
) -> dict[str, Sequence[str]]:
    """The query as it should have been: one spelling per list, so that a shared URL says no more than it must."""
    words: dict[str, Sequence[str]] = {}
    if wanted.view is not View.ALL:
        words["view"] = (wanted.view.value,)
    if wanted.words:
        words["q"] = (wanted.words,)
    if wanted.customer_id is not None:
        words["customer"] = (str(wanted.customer_id),)
    for pill in pills:
        words |= _pill_words(query, pill)
    columns = known_columns((query.get("cols") or "").split("."))
    if columns:
        words["cols"] = (".".join(columns),)
    if _number(query.get("saved")) is not None:
        words["saved"] = (str(_number(query.get("saved"))),)
    if sort != Sort():
        words["sort"] = (sort.word,)
    if paged:
        words |= {name: query.getlist(name)[:1] for name in _PAGING if name in query}
    return words


def _pill_words(query: Query, pill: Pill) -> dict[str, Sequence[str]]:
    if not pill.shown:
        return {}
    if isinstance(pill, ChoicePill):
        return {pill.name: pill.chosen}
    return {name: (query[name],) for name in query_names([pill]) if query.get(name)}


def _number(text: str | None) -> int | None:
    number = int(text) if text and text.isascii() and text.isdigit() else None
    return number if number is not None and number <= LARGEST_ID else None
