"""What drafts name by a word of the channel: found, or made where a word alone is enough."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import text

from webapp.cargo.carriers import BY_SLUG, carrier_slug, ensure_carriers
from webapp.core.bulk import Rows, plain_array, text_array
from webapp.orders.enums import TenderKind
from webapp.orders.inputs import OrderDraft
from webapp.orders.models import ExternalStatus
from webapp.orders.service.writing.batch import Batch
from webapp.payments.models import Installment, PaymentOption

K = TypeVar("K", bound=Any)
V = TypeVar("V")


class KnownProduct(NamedTuple):
    """A product of ours that a channel's SKU means."""

    id: int
    data_source_id: int | None


class KnownCarrier(NamedTuple):
    """A carrier that a channel's shipping option means."""

    id: int
    slug: str
    template: str


@dataclass(frozen=True, slots=True)
class References:
    """Ids by the channel's words; what is not in here is unknown."""

    external_statuses: Mapping[str, int]
    payment_options: Mapping[str, int]
    installments: Mapping[tuple[int, int], int]
    carriers: Mapping[str, KnownCarrier]

    def installment_of(self, draft: OrderDraft) -> int | None:
        """The row of the draft's payment option for its number of instalments."""
        option = self.payment_options.get(draft.payment_option_slug or "")
        return None if option is None else self.installments.get((option, draft.installment_count))


_STATUSES = Rows(ExternalStatus, "code")
_OPTIONS = Rows(PaymentOption, "slug name tender gateway")
_INSTALLMENTS = Rows(Installment, "payment_option_id installment_count")

_FIND_STATUSES = text(
    "SELECT code, id FROM external_status WHERE channel_id = :channel AND code = ANY(CAST(:codes AS text[]))"
)
_FIND_OPTIONS = text("SELECT slug, id FROM payment_option WHERE slug = ANY(CAST(:slugs AS text[]))")
_FIND_INSTALLMENTS = text(
    "SELECT payment_option_id, installment_count, id FROM installment"
    " WHERE payment_option_id = ANY(CAST(:options AS bigint[]))"
)
_FIND_CARRIERS = text(
    "SELECT slug, id, tracking_url_template FROM cargo_company WHERE slug = ANY(CAST(:slugs AS text[]))"
)
_FIND_MAPPED = text(
    "SELECT remote_value, local_value FROM mapping"
    " WHERE channel_id = :channel AND kind = :kind AND remote_value = ANY(CAST(:words AS text[]))"
)
_FIND_PRODUCTS = text("SELECT sku, id, data_source_id FROM product WHERE sku = ANY(CAST(:skus AS text[]))")


def references(batch: Batch, drafts: Sequence[OrderDraft]) -> References:
    """Everything the drafts refer to. New words become rows, in sorted order, so that two writers never deadlock."""
    options = _payment_options(batch, drafts)
    return References(
        external_statuses=_external_statuses(batch, drafts),
        payment_options=options,
        installments=_installments(batch, drafts, options),
        carriers=_carriers(batch, drafts),
    )


def products(batch: Batch, drafts: Sequence[OrderDraft]) -> dict[str, KnownProduct]:
    """Our products by the channel's SKUs, through its mapping where there is one; nothing is made."""
    skus = {item.sku for draft in drafts for item in draft.items if item.sku}
    if not skus:
        return {}
    ours = {sku: sku for sku in skus} | _mapped(batch, "sku", skus)
    found = {
        row.sku: KnownProduct(row.id, row.data_source_id)
        for row in batch.session.execute(_FIND_PRODUCTS, {"skus": text_array(set(ours.values()))}).all()
    }
    return {theirs: found[sku] for theirs, sku in ours.items() if sku in found}


def words_of_draft(draft: OrderDraft) -> set[str]:
    """Every status the channel names in this draft, in its own words."""
    return {word for word in (draft.external_status, *(item.external_status for item in draft.items)) if word}


def _external_statuses(batch: Batch, drafts: Sequence[OrderDraft]) -> dict[str, int]:
    wanted = set[str]().union(*map(words_of_draft, drafts))
    same = {"channel_id": batch.channel_id}

    def find() -> dict[str, int]:
        given = {"channel": batch.channel_id, "codes": text_array(wanted)}
        return {row.code: row.id for row in batch.session.execute(_FIND_STATUSES, given)}

    def make(missing: list[str]) -> None:
        _STATUSES.insert(
            batch.session, [(code,) for code in missing], same=same, tail="ON CONFLICT DO NOTHING"
        )

    return _found_or_made(wanted, find, make)


def _payment_options(batch: Batch, drafts: Sequence[OrderDraft]) -> dict[str, int]:
    named = {draft.payment_option_slug: draft for draft in drafts if draft.payment_option_slug}

    def find() -> dict[str, int]:
        return {
            row.slug: row.id for row in batch.session.execute(_FIND_OPTIONS, {"slugs": text_array(named)})
        }

    def make(missing: list[str]) -> None:
        rows = [(slug, *_option_facts(named[slug])) for slug in missing]
        _OPTIONS.insert(batch.session, rows, tail="ON CONFLICT DO NOTHING")

    return _found_or_made(named.keys(), find, make)


def _option_facts(draft: OrderDraft) -> tuple[str, str, str | None]:
    """Name, tender and gateway of a payment option that is seen for the first time; staff may correct them."""
    name = draft.payment_option_name or draft.payment_option_slug or ""
    payment = draft.transactions[0] if draft.transactions else None
    return name, payment.kind if payment else TenderKind.CARD, payment.gateway if payment else None


def _installments(
    batch: Batch, drafts: Sequence[OrderDraft], options: Mapping[str, int]
) -> dict[tuple[int, int], int]:
    wanted = {
        (options[draft.payment_option_slug], draft.installment_count)
        for draft in drafts
        if draft.payment_option_slug in options and draft.payment_option_slug is not None
    }

    def find() -> dict[tuple[int, int], int]:
        rows = batch.session.execute(
            _FIND_INSTALLMENTS, {"options": plain_array({option for option, _ in wanted})}
        )
        return {(row.payment_option_id, row.installment_count): row.id for row in rows}

    def make(missing: list[tuple[int, int]]) -> None:
        _INSTALLMENTS.insert(batch.session, missing, tail="ON CONFLICT DO NOTHING")

    return _found_or_made(wanted, find, make)


def _carriers(batch: Batch, drafts: Sequence[OrderDraft]) -> dict[str, KnownCarrier]:
    """By the words of the shipping option: the channel's mapping first, then the carriers we know by name."""
    words = {draft.shipping_option_slug for draft in drafts if draft.shipping_option_slug}
    if not words:
        return {}
    mapped = _mapped(batch, "cargo_company", words)
    slugs = {word: slug for word in words if (slug := mapped.get(word) or carrier_slug(word))}

    def find() -> dict[str, KnownCarrier]:
        rows = batch.session.execute(_FIND_CARRIERS, {"slugs": text_array(set(slugs.values()))})
        return {row.slug: KnownCarrier(row.id, row.slug, row.tracking_url_template) for row in rows}

    def make(missing: list[str]) -> None:
        ensure_carriers(batch.session, frozenset(missing) & BY_SLUG.keys())

    found = _found_or_made(set(slugs.values()), find, make) if slugs else {}
    return {word: found[slug] for word, slug in slugs.items() if slug in found}


def _mapped(batch: Batch, kind: str, words: Iterable[str]) -> dict[str, str]:
    given = {"channel": batch.channel_id, "kind": kind, "words": text_array(words)}
    return {row.remote_value: row.local_value for row in batch.session.execute(_FIND_MAPPED, given)}


def _found_or_made(
    wanted: Iterable[K], find: Callable[[], dict[K, V]], make: Callable[[list[K]], None]
) -> dict[K, V]:
    """Look, make what is missing, and look again: another writer may have made it meanwhile."""
    wanted = set(wanted)
    if not wanted:
        return {}
    found = find()
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    make(missing)
    return find()
