"""A word of the channel gets its meaning: what it is mapped to, and the orders that carry it."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.channels.shops import STAFF, Connected
from webapp.catalog.models import Product
from webapp.catalog.service import create_products
from webapp.channels import queries
from webapp.channels.models import Mapping
from webapp.channels.reference import map_word
from webapp.core.audit import AuditEntry
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.operations import Operation
from webapp.orders.models import ExternalStatus, Order, OrderItem


def mean(connected: Connected, kind: str, word: str, meaning: str) -> Operation:
    """Give the word its meaning, apply its orders again; the operation afterwards."""
    with unit_of_work() as session:
        values = {"kind": kind, "remote_value": word, "local_value": meaning}
        map_word(session, STAFF, channel_id=connected.channel_id, **values)
        key = connected.service.replay_words(session, connected.channel_id, kind, [word], STAFF)[0].id
    return connected.work(key)


def items_without_product(session: Session, sku: str) -> int:
    query = select(func.count()).where(OrderItem.sku == sku, OrderItem.product_id.is_(None))
    session.rollback()
    return session.scalars(query).one()


def test_unmapped_skus_when_a_pull_brought_them_then_are_listed_with_their_items(
    session: Session, connected: Connected
) -> None:
    connected.pull()

    found = queries.unmapped_skus(session, connected.channel_id)

    counts = [row.items for row in found]
    assert counts == sorted(counts, reverse=True)
    assert all(row.sku and row.name and row.items for row in found)
    first = found[0]
    assert first.items <= items_without_product(session, first.sku)


def test_a_sku_when_it_gets_a_meaning_then_its_items_get_the_product_and_no_other_order_is_touched(
    session: Session, connected: Connected
) -> None:
    connected.pull()
    sku = queries.unmapped_skus(session, connected.channel_id)[0].sku
    carrying = items_without_product(session, sku)
    orders = select(func.count(func.distinct(OrderItem.order_id))).where(OrderItem.sku == sku)
    expected = session.scalars(orders).one()
    with unit_of_work() as unit:
        create_products(unit, STAFF, {"OURS-1": "Our own name for it"})

    done = mean(connected, "sku", sku, "OURS-1")

    product = session.scalars(select(Product)).one()
    with_product = session.scalars(select(OrderItem).where(OrderItem.product_id.is_not(None))).all()
    assert carrying > 0
    assert items_without_product(session, sku) == 0
    assert {(item.sku, item.product_id) for item in with_product} == {(sku, product.id)}
    assert (done.state, done.progress_done) == ("done", expected)
    assert done.result is not None and done.result["failed"] == 0


def test_products_when_made_of_all_listed_skus_then_no_recent_item_is_without_one(
    session: Session, connected: Connected
) -> None:
    connected.pull()
    skus = {row.sku: row.name for row in queries.unmapped_skus(session, connected.channel_id)}

    with unit_of_work() as unit:
        made = create_products(unit, STAFF, skus)
        again = create_products(unit, STAFF, skus)
        key = connected.service.replay_words(unit, connected.channel_id, "sku", list(skus), STAFF)[0].id
    connected.work(key)

    assert (made, again) == (len(skus), 0)
    assert queries.unmapped_skus(session, connected.channel_id) == []
    tags = session.scalars(select(AuditEntry.tag).where(AuditEntry.tag == "product.created")).all()
    assert len(tags) == made


def test_a_status_when_it_gets_a_meaning_then_its_orders_move_and_loses_it_when_emptied(
    session: Session, connected: Connected
) -> None:
    connected.pull()
    carrying = select(Order.id).join(ExternalStatus, ExternalStatus.id == Order.external_status_id)
    ids = session.scalars(carrying.where(ExternalStatus.code == "processing", Order.status == 400)).all()
    others = dict(session.execute(select(Order.id, Order.status).where(Order.id.not_in(ids))).all())

    mean(connected, "status", "processing", "450")

    session.rollback()
    assert len(ids) > 0
    assert {session.get_one(Order, key).status for key in ids} == {450}
    assert {key: session.get_one(Order, key).status for key in others} == others
    assert queries.statuses(session, connected.channel_id)
    assert dict(queries.statuses(session, connected.channel_id))["processing"] == "450"
    mean(connected, "status", "processing", "")
    assert session.scalars(select(Mapping)).all() == []


def test_a_word_when_others_are_being_applied_then_waits(session: Session, connected: Connected) -> None:
    with unit_of_work() as unit:
        connected.service.replay_words(unit, connected.channel_id, "sku", ["A"], STAFF)

    with pytest.raises(Conflict), unit_of_work() as unit:
        connected.service.replay_words(unit, connected.channel_id, "sku", ["B"], STAFF)
    with unit_of_work() as unit:
        _, is_new = connected.service.replay_words(unit, connected.channel_id, "sku", ["A"], STAFF)
    assert is_new is False


def test_a_sku_when_no_product_has_it_then_is_refused_and_nothing_is_kept(
    session: Session, connected: Connected
) -> None:
    values = {"kind": "sku", "remote_value": "A", "local_value": "NO-SUCH"}

    with pytest.raises(InvalidInput) as refused, unit_of_work() as unit:
        map_word(unit, STAFF, channel_id=connected.channel_id, **values)

    assert refused.value.fields == {"local_value": ["No product has this SKU."]}
    assert session.scalars(select(Mapping)).all() == []
