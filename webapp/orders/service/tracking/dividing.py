"""Units of an item that travel under a number of their own: the item is divided first, and the rest stays as it was."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from webapp.orders.service.splitting import split_off_many
from webapp.orders.service.tracking.facts import ItemState, OrderState
from webapp.orders.tracking_file.judging import Judgement


class Divided(NamedTuple):
    """The orders with their new items, the judgements with the items that leave, and what each new item was part of."""

    orders: Mapping[int, OrderState]
    judged: Sequence[Judgement]
    origins: Mapping[int, int]


class _Part(NamedTuple):
    """Units that become an item: of which judgement, and of which item."""

    at: int
    item_id: int
    units: Decimal


def divide(session: Session, orders: Mapping[int, OrderState], judged: Sequence[Judgement]) -> Divided:
    """Split off what leaves in part; the caller holds the orders' locks and has read and judged them since.

    Whoever takes the last units of an item takes the item itself.
    """
    items = {item.id: item for order in orders.values() for item in order.items}
    parts = _parts(judged, items)
    if not parts:
        return Divided(orders, judged, {})
    made = split_off_many(session, [(part.item_id, part.units) for part in parts])
    new_ids: dict[int, dict[int, int]] = defaultdict(dict)
    added: dict[int, list[ItemState]] = defaultdict(list)
    for part, new_id in zip(parts, made, strict=True):
        item = items[part.item_id]
        new_ids[part.at][item.id] = new_id
        added[item.order_id].append(item._replace(id=new_id, quantity=part.units, package_id=None, version=1))
        items[item.id] = item._replace(quantity=item.quantity - part.units, version=item.version + 1)
    return Divided(
        {order.id: _with_items(order, items, added[order.id]) for order in orders.values()},
        [_leaving(each, new_ids[at]) for at, each in enumerate(judged)],
        dict(zip(made, (part.item_id for part in parts), strict=True)),
    )


def _parts(judged: Sequence[Judgement], items: Mapping[int, ItemState]) -> list[_Part]:
    left: dict[int, Decimal] = {}
    parts = []
    for at, each in enumerate(judged):
        for item_id, units in each.parts:
            rest = left.get(item_id, items[item_id].quantity) - units
            left[item_id] = rest
            if rest:
                parts.append(_Part(at, item_id, units))
    return parts


def _with_items(order: OrderState, items: Mapping[int, ItemState], added: Sequence[ItemState]) -> OrderState:
    return order._replace(items=(*(items[each.id] for each in order.items), *added))


def _leaving(judged: Judgement, new_ids: Mapping[int, int]) -> Judgement:
    return judged._replace(
        moving=tuple(new_ids.get(each, each) for each in judged.moving),
        numbered=tuple(new_ids.get(each, each) for each in judged.numbered),
    )
