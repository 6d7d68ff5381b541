"""Which orders of a batch have items of a vendor: found in what was read already, without a question to the database."""

from collections.abc import Iterator, Mapping

from webapp.orders.service.vendors import mirror_vendor_items
from webapp.orders.service.writing.batch import Batch
from webapp.orders.service.writing.reference import KnownProduct
from webapp.orders.service.writing.telling import Written


def mirror_vendors(batch: Batch, written: Written, known: Mapping[str, KnownProduct]) -> None:
    """Mirror the vendor items of what was written, in its transaction."""
    mirror_vendor_items(batch.session, sorted(set(_with_vendors(batch, written, known))))


def _with_vendors(batch: Batch, written: Written, known: Mapping[str, KnownProduct]) -> Iterator[int]:
    theirs = {sku for sku, product in known.items() if _is_vendors(batch, product.data_source_id)}
    for incoming in written.created:
        if theirs and any(line.sku in theirs for line in incoming.draft.items):
            yield incoming.id
    for decision in written.changed:
        sources = {item["data_source_id"] for item in decision.stored.items}
        lines = decision.incoming.draft.items
        if any(_is_vendors(batch, each) for each in sources) or any(line.sku in theirs for line in lines):
            yield decision.stored.id


def _is_vendors(batch: Batch, data_source_id: int | None) -> bool:
    return data_source_id is not None and data_source_id != batch.data_source_id
