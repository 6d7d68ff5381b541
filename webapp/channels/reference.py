"""Data sources, and what the words of a channel mean here, as staff keep them."""

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.cargo.carriers import carrier_slugs
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product
from webapp.channels.models import Channel, DataSource, Mapping
from webapp.core import checks, reference
from webapp.core.audit import AuditContext
from webapp.core.errors import InvalidInput
from webapp.core.reference import Kind, Values, refuse
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import MoneyHolder, OrderStatus, TenderKind
from webapp.payments.models import PaymentOption

MAPPING_KINDS: dict[str, str] = {
    "sku": N_("SKU"),
    "status": N_("Status"),
    "payment_method": N_("Payment method"),
    "cargo_company": N_("Carrier"),
}


def _check_data_source(_session: Session, values: Values) -> Values:
    return {
        "slug": checks.slug("slug", values["slug"]),
        "name": checks.words("name", values["name"], longest=120),
    }


def _check_mapping(session: Session, values: Values) -> Values:
    kind = checks.one_of("kind", values["kind"], MAPPING_KINDS)
    if session.get(Channel, values["channel_id"] or 0) is None:
        raise refuse("channel_id", N_("Choose one of the list."))
    return {
        "channel_id": values["channel_id"],
        "kind": kind,
        # As the channel writes it: a blank more or less is another word there.
        "remote_value": _remote_value(values["remote_value"]),
        "local_value": _local_value(session, kind, values["local_value"]),
        "conf": _payment_conf(values["conf"]) if kind == "payment_method" else {},
    }


def _remote_value(value: object) -> str:
    text = str(value or "").replace("\0", "")
    if not text.strip() or len(text) > 200:
        raise refuse("remote_value", N_("Write the channel's own word, at most 200 characters."))
    return text


def _local_value(session: Session, kind: str, value: object) -> str:
    text = checks.words("local_value", value, longest=200)
    if kind == "status":
        return _status(text)
    known, sentence = {
        "sku": (Product.sku == text, N_("No product has this SKU.")),
        "payment_method": (PaymentOption.slug == text, N_("No payment option has this short name.")),
        "cargo_company": (
            CargoCompany.slug == text,
            N_("No carrier has this short name. Known are: %(known)s."),
        ),
    }[kind]
    if not session.scalar(select(exists().where(known))):
        is_carrier = kind == "cargo_company"
        raise refuse("local_value", said(sentence, known=carrier_slugs(session)) if is_carrier else sentence)
    return text


def _status(text: str) -> str:
    try:
        return OrderStatus.from_wire(text).wire
    except InvalidInput as error:
        raise refuse("local_value", error.message) from error


def _payment_conf(conf: dict[str, Any]) -> dict[str, str]:
    """Which tender a payment method is, who holds the money, and through which gateway it goes back."""
    tender = checks.one_of("tender", conf.get("tender") or TenderKind.CARD, list(TenderKind))
    holder = checks.one_of("holder", conf.get("holder") or MoneyHolder.CHANNEL, list(MoneyHolder))
    gateway = checks.words("gateway", conf.get("gateway"), longest=40, required=False)
    if holder == MoneyHolder.US and tender == TenderKind.CARD and not gateway:
        raise refuse("gateway", N_("Name the gateway: card money that we hold goes back through it."))
    return {"tender": tender, "holder": holder, **({"gateway": gateway} if gateway else {})}


def _written_by_service(_session: Session, _values: Values) -> Values:
    raise RuntimeError("Channels are written by webapp/channels/service.py alone.")


# Only to be listed beside the others; ChannelService writes.
CHANNEL = Kind(word="channel", model=Channel, fields=(), check=_written_by_service)
# Items name their supplier by it in exports: the slug stays.
DATA_SOURCE = Kind(
    word="data_source",
    model=DataSource,
    fields=("slug", "name"),
    check=_check_data_source,
    fixed=frozenset({"slug"}),
    taken={"uq_data_source_slug": ("slug", N_("Another data source has this short name."))},
)
MAPPING = Kind(
    word="mapping",
    model=Mapping,
    fields=("channel_id", "kind", "remote_value", "local_value", "conf"),
    check=_check_mapping,
    fixed=frozenset({"channel_id", "kind"}),
    taken={
        "uq_mapping_channel_kind_remote": (
            "remote_value",
            N_("This word of the channel is mapped already. Change that mapping instead."),
        )
    },
)


def map_word(
    session: Session,
    context: AuditContext,
    *,
    channel_id: int,
    kind: str,
    remote_value: str,
    local_value: str,
) -> None:
    """Say what a word of the channel means; a status without a meaning of ours is read as its adapter does.

    Raises InvalidInput with sentences for `local_value`.
    """
    same = select(Mapping).where(
        Mapping.channel_id == channel_id, Mapping.kind == kind, Mapping.remote_value == remote_value
    )
    known = session.scalars(same).one_or_none()
    if kind == "status" and not local_value:
        if known is not None:
            reference.delete(session, context, MAPPING, known.id)
    elif known is not None:
        reference.update(session, context, MAPPING, known.id, {"local_value": local_value})
    else:
        words = {"kind": kind, "remote_value": remote_value, "local_value": local_value}
        reference.create(session, context, MAPPING, {"channel_id": channel_id, "conf": {}, **words})
