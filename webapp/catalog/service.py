"""Products and the lists that their prices and stocks belong to, as staff keep them."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.catalog.models import PriceList, Product, StockList
from webapp.core import checks, reference
from webapp.core.audit import AuditContext
from webapp.core.money import EXPONENTS
from webapp.core.reference import Kind, Values
from webapp.core.text import N_


def _check_product(_session: Session, values: Values) -> Values:
    return {
        "sku": checks.words("sku", values["sku"], longest=120),
        "name": checks.words("name", values["name"], longest=500, required=False),
        "barcode": checks.words("barcode", values["barcode"], longest=64, required=False) or None,
        "image_url": checks.web_address("image_url", values["image_url"]) or None,
        "data_source_id": values["data_source_id"],
        "is_active": bool(values["is_active"]),
    }


def _check_price_list(_session: Session, values: Values) -> Values:
    return {
        "code": checks.slug("code", values["code"]),
        "name": checks.words("name", values["name"], longest=120),
        "currency": checks.one_of("currency", str(values["currency"] or "").upper(), EXPONENTS),
    }


def _check_stock_list(_session: Session, values: Values) -> Values:
    return {
        "code": checks.slug("code", values["code"]),
        "name": checks.words("name", values["name"], longest=120),
    }


PRODUCT = Kind(
    word="product",
    model=Product,
    fields=("sku", "name", "barcode", "image_url", "data_source_id", "is_active"),
    check=_check_product,
    taken={"uq_product_sku": ("sku", N_("Another product has this SKU."))},
)
# The currency of a list stays: prices were written in it.
PRICE_LIST = Kind(
    word="price_list",
    model=PriceList,
    fields=("code", "name", "currency"),
    check=_check_price_list,
    fixed=frozenset({"code", "currency"}),
    taken={"uq_price_list_code": ("code", N_("Another list has this code."))},
)
STOCK_LIST = Kind(
    word="stock_list",
    model=StockList,
    fields=("code", "name"),
    check=_check_stock_list,
    fixed=frozenset({"code"}),
    taken={"uq_stock_list_code": ("code", N_("Another list has this code."))},
)


def create_products(session: Session, context: AuditContext, skus: Mapping[str, str]) -> int:
    """A product for each SKU that has none yet, with its name; how many were made."""
    known = set(session.scalars(select(Product.sku).where(Product.sku.in_(list(skus)))))
    wanted = [(sku, name) for sku, name in sorted(skus.items()) if sku not in known]
    for sku, name in wanted:
        values = {
            "sku": sku,
            "name": name,
            "barcode": "",
            "image_url": "",
            "data_source_id": None,
            "is_active": True,
        }
        reference.create(session, context, PRODUCT, values)
    return len(wanted)
