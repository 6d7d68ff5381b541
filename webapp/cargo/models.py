"""Cargo companies."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class CargoCompany(Base):
    """A carrier. `tracking_url_template` holds `{n}` where the quoted tracking number goes; `slug` is its stable name."""

    __tablename__ = "cargo_company"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    tracking_url_template: Mapped[str] = mapped_column(Text, default="", server_default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    extra_field: Mapped[JsonColumn]
    created_at: Mapped[CreatedAt]
