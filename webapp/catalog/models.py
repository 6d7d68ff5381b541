"""Products, their stock, and the lists that prices and stocks belong to."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.channels.models import DataSource
from webapp.core.db import Base, BigId, CreatedAt, CurrencyColumn, JsonColumn, OptionalMoney


class Product(Base):
    """What can be sold; an order item whose SKU is unknown has none until staff map it."""

    __tablename__ = "product"
    __table_args__ = (Index("uq_product_sku", "sku", unique=True),)

    id: Mapped[BigId]
    sku: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(Text, default="", server_default="")
    barcode: Mapped[str | None] = mapped_column(String(64))
    image_url: Mapped[str | None] = mapped_column(Text)
    data_source_id: Mapped[int | None] = mapped_column(ForeignKey("data_source.id"))
    attributes: Mapped[JsonColumn]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[CreatedAt]

    data_source: Mapped[DataSource | None] = relationship(lazy="raise", viewonly=True)


class PriceList(Base):
    """A list that a channel's prices come from."""

    __tablename__ = "price_list"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[CurrencyColumn]


class StockList(Base):
    """A warehouse or store whose stock a channel sells."""

    __tablename__ = "stock_list"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))


class ProductStock(Base):
    """How many units of a product a stock list holds, and how many of them open orders have reserved."""

    __tablename__ = "product_stock"
    __table_args__ = (
        Index("uq_product_stock_list", "product_id", "stock_list_id", unique=True),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    )

    id: Mapped[BigId]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    stock_list_id: Mapped[int] = mapped_column(ForeignKey("stock_list.id"))
    stock: Mapped[Decimal] = mapped_column(Numeric(14, 3), default=Decimal(0), server_default="0")
    reserved: Mapped[Decimal] = mapped_column(Numeric(14, 3), default=Decimal(0), server_default="0")
    price: Mapped[OptionalMoney]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
