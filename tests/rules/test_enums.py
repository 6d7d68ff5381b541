"""Codes as the reference writes them, and words for everybody who reads them."""

from enum import Enum

import pytest

from webapp.auth.roles import Permission
from webapp.core.errors import InvalidInput
from webapp.orders import enums
from webapp.orders.enums import CancelStatus, Dot, OrderStatus, RefundState, Worded


def test_every_member_of_every_enum_has_words() -> None:
    for kind in Worded.__subclasses__():
        assert issubclass(kind, Enum)
        for member in kind:
            assert isinstance(member, Worded)
            assert member.label and member.dot in Dot


def test_order_status_codes_are_the_references() -> None:
    assert {status.slug: status.wire for status in OrderStatus} == {
        "cancellation_waiting": "50",
        "cancelled": "100",
        "waiting": "200",
        "payment_waiting": "300",
        "confirmation_waiting": "350",
        "approved": "400",
        "preparing": "450",
        "shipped": "500",
        "shipped_and_informed": "510",
        "ready_for_pickup": "520",
        "attempted_delivery": "540",
        "review_started": "544",
        "review_waiting": "545",
        "delivered": "550",
        "refunded": "600",
    }


def test_order_status_is_read_from_the_wire_and_nothing_else() -> None:
    assert OrderStatus.from_wire("400") is OrderStatus.APPROVED
    for junk in ("approved", "", "401"):
        with pytest.raises(InvalidInput, match="Use one of 50, 100"):
            OrderStatus.from_wire(junk)


def test_cancel_status_keeps_the_references_spelling_and_reads_as_english() -> None:
    assert CancelStatus.MANUEL_REFUND_NEED.value == "manuel_refund_need"
    assert CancelStatus.MANUEL_REFUND_NEED.label == "Manual refund needed"


def test_named_sets_cover_their_enum_once() -> None:
    pending = {OrderStatus.CANCELLATION_WAITING}
    assert set(OrderStatus) == enums.LIVE_STATUSES | enums.ENDED_STATUSES | pending
    assert set(CancelStatus) == enums.OPEN_CANCEL_STATUSES | enums.CLOSED_CANCEL_STATUSES
    assert set(RefundState) == enums.RESERVING_REFUND_STATES | enums.RELEASED_REFUND_STATES
    assert sorted(enums.LEFT_STATUSES) == [500, 510, 540, 544, 545, 550]


def test_permissions_when_given_away_then_each_is_said_in_words_of_its_own() -> None:
    words = [permission.label for permission in Permission]

    assert len(set(words)) == len(Permission)
    assert not any("." in each for each in words)
