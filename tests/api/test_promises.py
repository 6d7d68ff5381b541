"""An order that has everything is answered in the shapes that the specification promises, by every route that reads."""

from decimal import Decimal

from flask import Flask
from sqlalchemy.orm import Session

from tests.api.programs import program
from tests.order_drafts import draft, line, make_channel, payment, write
from webapp.orders.enums import TenderKind
from webapp.orders.inputs import DiscountDraft


def test_an_order_when_it_has_discounts_and_payments_of_every_kind_then_its_shape_is_as_promised(
    app: Flask, session: Session
) -> None:
    paid = [payment("20.00", kind=kind, remote_id=kind.value) for kind in TenderKind]
    given = draft(
        items=(line("1", "60.00"), line("2", f"{20 * len(paid) - 60}.00")),
        discounts=(
            DiscountDraft("d1", "order", Decimal("5.00"), "Spring", "SPRING"),
            DiscountDraft("d2", "line", Decimal("1.00"), remote_line_id="1"),
        ),
        transactions=tuple(paid),
    )
    order_id = write(make_channel(session), given)[0].order_id

    told = program(app).get(f"/orders/{order_id}/").json  # the program itself compares it with the promise

    assert [each["order_item"] for each in told["discountitem_set"]] == [None, told["orderitem_set"][0]["pk"]]
    assert sum(len(told[name]) for name in told if name.endswith("transaction_set")) == len(paid)
