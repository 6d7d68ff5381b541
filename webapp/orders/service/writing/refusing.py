"""Why a draft could not be written: whose it is to mend, and words without anybody's data."""

import logging
from collections.abc import Iterator
from typing import Final, cast

from sqlalchemy import String, Table
from sqlalchemy.exc import DBAPIError

from webapp.core.db import Base
from webapp.core.errors import DomainError
from webapp.core.money import InvalidAmount, UnknownCurrency
from webapp.core.redaction import redact
from webapp.customers.models import Address, Customer
from webapp.orders.enums import FailureClass
from webapp.orders.inputs import OrderDraft, WriteResult
from webapp.orders.models import DiscountItem, Order, OrderItem
from webapp.payments.models import Transaction

log = logging.getLogger(__name__)

_WORDS_LENGTH: Final = 300
_TOO_LONG: Final = "22001"


def refusal(draft: OrderDraft, error: Exception) -> WriteResult:
    """The answer for a draft that cannot be written; a mistake of ours is logged too."""
    failure_class, words = _class_and_words(draft, error)
    if failure_class is FailureClass.BUG:
        # SQLAlchemy's own error would log every value of the batch.
        log.error(
            "Order %s could not be written.", draft.number, exc_info=getattr(error, "orig", None) or error
        )
    return WriteResult(draft.remote_id, draft.number, "failed", None, failure_class, words)


def _class_and_words(draft: OrderDraft, error: Exception) -> tuple[FailureClass, str]:
    if isinstance(error, InvalidAmount | UnknownCurrency):
        return FailureClass.MONEY, error.message
    if isinstance(error, DomainError):
        return FailureClass.VALIDATION, error.message
    if isinstance(error, UnicodeEncodeError):
        return FailureClass.VALIDATION, "A text of the order holds characters that no script has."
    if isinstance(error, DBAPIError):
        return _class_and_words_of_database(draft, error)
    return FailureClass.BUG, redact(f"{type(error).__name__}: {error}"[:_WORDS_LENGTH])


def _class_and_words_of_database(draft: OrderDraft, error: DBAPIError) -> tuple[FailureClass, str]:
    """Class 22 is data that does not fit, 23 a broken constraint; anything else is a mistake of ours."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == _TOO_LONG:
        return FailureClass.VALIDATION, next(too_long(draft), "A text of the order is too long to be kept.")
    diagnosis = getattr(error.orig, "diag", None)
    rule = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "message_primary", None)
    words = f"The database refuses it: {rule or type(error.orig).__name__}."
    return (FailureClass.VALIDATION if state[:2] in ("22", "23") else FailureClass.BUG), redact(words)


def too_long(draft: OrderDraft) -> Iterator[str]:
    """A sentence for every text of the draft that its column cannot hold."""
    for where, given, model in _texts(draft):
        for name, longest in _lengths(model):
            value = getattr(given, name, None)
            if isinstance(value, str) and len(value) > longest:
                yield f"{where}: “{name}” has {len(value)} characters, {longest} can be kept."


def _texts(draft: OrderDraft) -> Iterator[tuple[str, object, type[Base]]]:
    yield "The order", draft, Order
    yield "The customer", draft.customer, Customer
    yield "The shipping address", draft.shipping_address, Address
    yield "The billing address", draft.billing_address, Address
    for item in draft.items:
        yield f"Line {item.remote_line_id}", item, OrderItem
    for discount in draft.discounts:
        yield f"Discount {discount.remote_id}", discount, DiscountItem
    for payment in draft.transactions:
        yield f"Payment {payment.remote_id}", payment, Transaction


def _lengths(model: type[Base]) -> Iterator[tuple[str, int]]:
    for column in cast(Table, model.__table__).columns:
        if isinstance(column.type, String) and column.type.length:
            yield column.name, column.type.length
