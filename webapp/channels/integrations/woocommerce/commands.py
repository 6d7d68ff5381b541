"""What can be done with a WooCommerce shop by `do_action`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from webapp.channels.base import Command, OrderPage, OrderSink
from webapp.channels.fetching import OrderQuery, Position
from webapp.channels.integrations.woocommerce.client import MOST_PER_PAGE
from webapp.channels.receiving import RawOrder, RawPage
from webapp.core.errors import IntegrationError
from webapp.core.http import Answer, AnswerTooLarge, Late

if TYPE_CHECKING:
    from webapp.channels.integrations.woocommerce.integration import CommandIntegration

SECOND = timedelta(seconds=1)
SHRINK = 10
# The last order of the page before, and one more.
LEAST_PER_PAGE = 2
# A page that brought nothing new is asked for again this often before we go on behind it.
SAME_PAGE_TRIES = 2
MOST_FRUITLESS_PAGES = 6


class GetOrders(Command[OrderQuery]):
    """Reads the orders of a question, page by page, so that none is lost while orders change meanwhile.

    The list is asked for in the order of ids, and each page begins with the last order of the one before. When orders
    leave the list (trash), the others move to the front: a page then begins behind the last order read, and is asked
    for again from further back. An order that comes into the list before our place has changed since we began, so
    the next pull sees it. The window has no end: an order that changes while we read stays in the list.
    """

    integration: "CommandIntegration"

    def __init__(
        self,
        integration: "CommandIntegration",
        objects: Iterable[OrderQuery],
        *,
        sink: OrderSink,
        **_: object,
    ) -> None:
        super().__init__(integration, objects)
        self._sink = sink
        self._per_page = MOST_PER_PAGE
        self._fruitless = 0

    def send(self, obj: OrderQuery) -> Answer:
        """Ask for the page that the question stands at, or for one order."""
        if obj.singly and obj.remote_ids:
            return self.integration.client.get_order(obj.remote_ids[0])
        while True:
            try:
                return self.integration.client.list_orders(list_params(obj, self._per_page))
            except (AnswerTooLarge, Late):
                # Plug-ins can make an order a hundred times as large, or as slow: then fewer at a time.
                if self._per_page == LEAST_PER_PAGE:
                    raise
                self._per_page = max(LEAST_PER_PAGE, self._per_page // SHRINK)

    def process(self, obj: OrderQuery, answer: Answer) -> OrderQuery | None:
        """Hand what came to the sink; gives the question at its next page, None after the last."""
        rows = [] if answer.status == 404 else _unique(self.integration.orders.raw_orders(answer))
        if obj.remote_ids:
            return self._take_ids(obj, rows, answer)
        if obj.numbers:
            return self._take_numbers(obj, rows, answer)
        return self._take_list(obj, rows, answer)

    def _take_list(self, obj: OrderQuery, rows: list[RawOrder], answer: Answer) -> OrderQuery | None:
        ids = [int(row.remote_id) for row in rows]
        if ids != sorted(ids):
            raise IntegrationError("The shop does not sort its orders by id: its pages could lose orders.")
        last_read, offset = (int(obj.position.remote_id), obj.position.offset) if obj.position else (0, 0)
        if offset and (not ids or ids[0] > last_read):
            # Something may lie between the last order read and this page.
            return obj.at(Position(str(last_read), max(0, offset - self._per_page)))
        fresh = [row for row in rows if int(row.remote_id) > last_read]
        if not fresh and len(rows) >= self._per_page:
            return self._ask_again(obj, last_read, offset)
        self._fruitless = 0
        total = _total(answer)
        # Exactly as many as the list still has: more than that is not the page that was asked for.
        is_last = not fresh or (total is not None and len(rows) == total - offset)
        position = None if is_last else Position(fresh[-1].remote_id, offset + len(rows) - 1)
        after = int(obj.after_remote_id or 0)
        self._hand_over([row for row in fresh if int(row.remote_id) > after], answer, position, total)
        return obj.at(position) if position else None

    def _ask_again(self, obj: OrderQuery, last_read: int, offset: int) -> OrderQuery:
        """A full page without anything new: the shop repeated one, or many orders came in before our place."""
        self._fruitless += 1
        if self._fruitless > MOST_FRUITLESS_PAGES:
            raise IntegrationError("The shop gives the same page of orders again and again.")
        further = offset if self._fruitless <= SAME_PAGE_TRIES else offset + self._per_page - 1
        return obj.at(Position(str(last_read), further))

    def _take_ids(self, obj: OrderQuery, rows: list[RawOrder], answer: Answer) -> OrderQuery | None:
        """Those of the list; then, one by one, those it did not have: an order in the trash is in no list."""
        self._hand_over(rows, answer)
        if obj.singly:
            if not rows:
                self._sink.not_found(obj.remote_ids[:1])
            missing = obj.remote_ids[1:]
        else:
            found = {row.remote_id for row in rows}
            missing = tuple(remote_id for remote_id in obj.remote_ids if remote_id not in found)
        return OrderQuery(remote_ids=missing, singly=True) if missing else None

    def _take_numbers(self, obj: OrderQuery, rows: list[RawOrder], answer: Answer) -> OrderQuery | None:
        """A number mostly is the id; where a plug-in numbers orders by itself they are searched one by one."""
        asked = obj.numbers[:1] if is_search(obj) else obj.numbers
        taken = [row for row in rows if row.number in asked]
        self._hand_over(taken, answer)
        found = {row.number for row in taken}
        if is_search(obj):
            self._sink.not_found([number for number in asked if number not in found])
            missing = obj.numbers[1:]
        else:
            missing = tuple(number for number in asked if number not in found)
        return OrderQuery(numbers=missing, singly=True) if missing else None

    def _hand_over(
        self, rows: list[RawOrder], answer: Answer, position: Position | None = None, total: int | None = None
    ) -> None:
        page = RawPage(rows, answer.asked_at, answer.answered_at, answer.dated)
        self._sink.take_page(OrderPage(page, position, total))


def list_params(query: OrderQuery, per_page: int = MOST_PER_PAGE) -> dict[str, str]:
    """The list's parameters for a question.

    Lists are joined by commas: repeated parameters would be signed otherwise than the shop checks them.
    """
    params = {"status": "any", "orderby": "id", "order": "asc", "per_page": str(per_page)}
    if query.remote_ids:
        return {**params, "include": ",".join(str(int(remote_id)) for remote_id in query.remote_ids)}
    if query.numbers:
        if is_search(query):
            return {**params, "search": query.numbers[0]}
        return {**params, "include": ",".join(number for number in query.numbers if _may_be_id(number))}
    # Without dates_are_gmt, and with a zone in the text even with it, the shop reads its own local time.
    params["dates_are_gmt"] = "true"
    # All four are strict there and inclusive here.
    if query.modified_since is not None:
        params["modified_after"] = _stamp(query.modified_since - SECOND)
    if query.created_from is not None:
        params["after"] = _stamp(query.created_from - SECOND)
    if query.created_until is not None:
        params["before"] = _stamp(query.created_until + SECOND)
    if query.position and query.position.offset:
        params["offset"] = str(query.position.offset)
    return params


def is_search(query: OrderQuery) -> bool:
    """Whether numbers have to be searched for, because they were no ids or cannot be."""
    return query.singly or not any(_may_be_id(number) for number in query.numbers)


def _may_be_id(number: str) -> bool:
    return number.isascii() and number.isdigit() and 0 < int(number) < 2**63


def _unique(rows: list[RawOrder]) -> list[RawOrder]:
    """Each order once, in the order of the answer."""
    return list({row.remote_id: row for row in rows}.values())


def _total(answer: Answer) -> int | None:
    given = answer.headers.get("X-WP-Total", "")
    return int(given) if given.isdigit() else None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
