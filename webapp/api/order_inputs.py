"""What can be sent about orders: the query of the list, a new order, and the fields that can be edited."""

from typing import Any, Final

from marshmallow import Schema, fields, post_load, validate

from webapp.api.fields import (
    Amount,
    JsonObject,
    Key,
    Keys,
    Moment,
    Small,
    Text,
    Words,
    Yes,
)
from webapp.api.from_inputs import Changed, schema_of
from webapp.api.paging import PageQuery
from webapp.orders.enums import CancelStatus, ClientType, DeliveryType, OrderStatus
from webapp.orders.inputs import (
    AddressDraft,
    CustomerDraft,
    DiscountDraft,
    ItemDraft,
    OrderDraft,
    TransactionDraft,
)
from webapp.orders.queries.collection import OrderSort
from webapp.orders.service.editing import EDITABLE_COLUMNS, delivery_times

ORDERINGS: Final = [sign + sort.value for sort in OrderSort for sign in ("", "-")]


class OrderQuery(PageQuery):
    """The filters of the list. Different ones must all hold."""

    number = Text(most=64, metadata={"description": "Anywhere in the order's number."})
    number__exact = Text(most=64, metadata={"description": "Exactly the order's number."})
    remote_id = Text(most=64, metadata={"description": "Exactly the channel's own id of the order."})
    status = Words(OrderStatus, metadata={"description": "One or more, separated by commas: `400,450`."})
    channel = Keys()
    customer = Keys()
    payment_option = Keys()
    cargo_company = Keys()
    cancel_status = Words(CancelStatus)
    currency = fields.String(validate=validate.Regexp(r"^[A-Za-z]{3}(,[A-Za-z]{3}){0,20}\Z"))
    date_placed__gte = Moment()
    date_placed__lt = Moment()
    modified_date__gte = Moment(metadata={"description": "Changed since, for programs that keep a copy."})
    modified_date__lt = Moment()
    amount__gte = Amount()
    amount__lt = Amount()
    ordering = fields.String(validate=validate.OneOf(ORDERINGS))


_Customer = schema_of(CustomerDraft, "NewCustomer")
NewAddress: Final = schema_of(AddressDraft, "NewAddress")
_Item = schema_of(ItemDraft, "NewOrderItem")
_Discount = schema_of(
    DiscountDraft,
    "NewDiscount",
    Changed(
        instead={
            "scope": fields.String(
                required=True, validate=validate.OneOf(["line", "order", "shipping", "fee"])
            )
        }
    ),
)
# The channel holds the money, as for every payment of which nothing else is known: a program that makes orders must
# not be able to name a payment at our bank that somebody could then have paid back.
_Transaction = schema_of(
    TransactionDraft, "NewTransaction", Changed(without=frozenset({"holder", "gateway", "gateway_ref"}))
)
NewOrder: Final = schema_of(
    OrderDraft,
    "NewOrder",
    # What a channel alone can say of its own order.
    Changed(
        without=frozenset({"channel_id", "remote_modified_at", "external_status", "refunds"}),
        more={"channel": Key(required=True)},
        instead={
            "client_type": fields.String(validate=validate.OneOf([each.value for each in ClientType])),
            "delivery_type": fields.String(
                allow_none=True, validate=validate.OneOf([each.value for each in DeliveryType])
            ),
            "remote_addr": fields.IP(allow_none=True),
            "currency": fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z]{3}\Z")),
        },
    ),
    nested={
        CustomerDraft: _Customer,
        AddressDraft: NewAddress,
        ItemDraft: _Item,
        DiscountDraft: _Discount,
        TransactionDraft: _Transaction,
    },
)


class _Times(Schema):
    """From when to when; half-open, either end may be open."""

    lower = Moment(allow_none=True, load_default=None)
    upper = Moment(allow_none=True, load_default=None)


class OrderChange(Schema):
    """The fields of an order that are neither money nor a status (service/editing.py names them)."""

    notes = Text(allow_none=True)
    language_code = Text(most=10, allow_none=True)
    segment = Text(most=64, allow_none=True)
    has_gift_box = Yes(allow_none=True)
    gift_box_note = Text(allow_none=True)
    delivery_type = fields.String(
        allow_none=True, validate=validate.OneOf([each.value for each in DeliveryType])
    )
    delivery_range = fields.Nested(_Times, allow_none=True)
    shipping_option_slug = Text(most=64, allow_none=True)
    client_type = fields.String(validate=validate.OneOf([each.value for each in ClientType]))
    checkout_provider_id = Small(allow_none=True)
    carrier_shipping_code = Text(most=64, allow_none=True)
    invoice_number = Text(most=64, allow_none=True)
    invoice_date = Moment(allow_none=True)
    e_archive_url = Text(most=2_000, allow_none=True)
    extra_field = JsonObject()

    @post_load
    def as_columns(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The values that the columns take."""
        times = data.get("delivery_range")
        if times is not None:
            data["delivery_range"] = delivery_times(times["lower"], times["upper"])
        return data


EMPTY: Final[dict[str, Any]] = {
    **dict.fromkeys(EDITABLE_COLUMNS),
    "client_type": ClientType.DEFAULT.value,
    "extra_field": {},
}


def whole_change(sent: dict[str, Any]) -> dict[str, Any]:
    """Every editable column: as sent, else empty."""
    return {**EMPTY, **sent}
