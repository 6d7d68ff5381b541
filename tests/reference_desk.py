"""Reference data for tests of its pages: a complete form of each kind, and an administrator who may send it."""

import re

from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from webapp.auth.models import StaffUser
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import PriceList, Product, StockList
from webapp.channels.models import Channel, DataSource, Mapping
from webapp.orders.models import CancellationReason
from webapp.payments.models import Installment, PaymentOption

# A complete form of each kind: (address, model, form). Every route of the admin that makes a row is here.
FORMS = {
    "/reference/carriers": (CargoCompany, {"slug": "aras", "name": "Aras", "is_active": "y"}),
    "/reference/payment-options": (
        PaymentOption,
        {"slug": "card", "name": "Card", "tender": "card", "is_active": "y"},
    ),
    "/reference/instalments": (Installment, {"payment_option_id": "1", "installment_count": "3", "label": "Three"}),
    "/reference/reasons": (
        CancellationReason,
        {"slug": "mind", "name": "Changed mind", "plan_kind": "cancel", "sort_order": "1", "is_active": "y"},
    ),
    "/reference/products": (
        Product,
        {"sku": "JN-501", "name": "Straight jeans", "data_source_id": "", "is_active": "y"},
    ),
    "/reference/data-sources": (DataSource, {"slug": "warehouse", "name": "Warehouse"}),
    "/reference/price-lists": (PriceList, {"code": "retail", "name": "Retail", "currency": "TRY"}),
    "/reference/stock-lists": (StockList, {"code": "istanbul", "name": "Istanbul"}),
    "/reference/mappings": (
        Mapping,
        {"channel_id": "1", "kind": "status", "remote_value": "on-hold", "local_value": "300", "tender": "card", "holder": "channel"},
    ),
    "/staff": (
        StaffUser,
        {"email": "new@desk.example", "name": "New Person", "role": "agent", "new_password": "a long enough phrase", "is_active": "y"},
    ),
}  # fmt: skip


def reference_desk(app: Flask, session: Session) -> StaffClient:
    """A signed-in administrator, with a channel and a payment option to choose."""
    session.add(Channel(name="Web shop TR", channel_type="woocommerce", base_url="https://shop.example.test"))
    session.add(PaymentOption(slug="transfer", name="Bank transfer", tender="funds_transfer"))
    session.commit()
    return at_desk(app)


def make_carrier(session: Session) -> CargoCompany:
    """A carrier that nothing refers to."""
    carrier = CargoCompany(slug="aras", name="Aras")
    session.add(carrier)
    session.commit()
    return carrier


def seen_in(page: str) -> str:
    """What a form says that its reader has seen."""
    found = re.search(r'name="seen"\s+value="(\w+)"', page)
    assert found is not None
    return found[1]
