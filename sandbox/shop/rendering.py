"""Stored orders as the API shows them: links added, decimals as asked for."""

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

AMOUNTS = frozenset(
    {
        "discount_total",
        "discount_tax",
        "shipping_total",
        "shipping_tax",
        "cart_tax",
        "total",
        "total_tax",
        "subtotal",
        "subtotal_tax",
        "tax_total",
        "shipping_tax_total",
    }
)


def render_order(body: str, base: str, decimals: int | None = None) -> str:
    """`body` is the stored JSON; it is cut open for the links instead of being parsed again."""
    order_id = int(body[len('{"id": ') : body.index(",")])
    if decimals is not None:
        body = json.dumps(_with_decimals(json.loads(body), decimals), ensure_ascii=False)
    return f'{body[:-1]}, "_links": {_links(base, order_id)}}}'


def render_orders(bodies: list[str], base: str, decimals: int | None) -> str:
    return "[" + ",".join(render_order(body, base, decimals) for body in bodies) + "]"


def _links(base: str, order_id: int) -> str:
    return (
        f'{{"self": [{{"href": "{base}/orders/{order_id}"}}], "collection": [{{"href": "{base}/orders"}}]}}'
    )


def _with_decimals(value: Any, decimals: int, name: str = "") -> Any:
    if isinstance(value, dict):
        # Raw line taxes keep their own decimals whatever was asked for.
        return {
            key: part if key == "taxes" else _with_decimals(part, decimals, key)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_with_decimals(part, decimals) for part in value]
    if name in AMOUNTS and isinstance(value, str) and value:
        return f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"
    return value
