"""The files of a transfer batch: exported once, made again from what was frozen then, and compared with it."""

import hashlib
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.clock import utc_now
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.money import in_words, quantise
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.queries.transfers import TransferRow, transfers_of
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.refunds.batches import locked_batch
from webapp.payments.models import GatewayAccount, TransferBatch
from webapp.payments.transfer_files import Debtor, Transfer, TransferFile, as_csv, as_pain_001

# A bank keeps an order for later only so long.
LATEST_DAYS: Final = 30


class FileKind(StrEnum):
    """What a batch can be downloaded as."""

    CSV = "csv"
    XML = "xml"


def export_batch(
    session: Session,
    batch_id: int,
    by: Authority,
    *,
    execution_date: date | None = None,
    today: date | None = None,
) -> TransferBatch:
    """Freeze the batch with the account that pays and the day; from now on it can be downloaded, not exported again.

    `today` is the day where the exporter sits, in UTC if not given; the bank pays then unless another day is named.
    Raises Conflict for a second export and without an account in its currency, InvalidInput for an odd day.
    """
    by.require(Permission.REFUND_MANUAL)
    batch = locked_batch(session, batch_id)
    if batch.state != "gathering":
        raise Conflict(_was_exported(session, batch), code="already_exported")
    if not batch.transfer_count:
        raise Conflict(
            said(N_("Batch %(reference)s is empty."), reference=batch.reference), code="batch_empty"
        )
    now = utc_now().replace(microsecond=0)
    _freeze_debtor(session, batch)
    batch.execution_date = _day(execution_date, today or now.date())
    batch.exported_at = now
    batch.exported_by_id = by.context.staff_id
    batch.state = "exported"
    content = _file(session, batch)
    batch.csv_digest, batch.xml_digest = _digest(as_csv(content)), _digest(as_pain_001(content))
    batch.version += 1
    _note(session, batch, by, "transfer_batch.exported", {"state": ["gathering", "exported"]})
    return batch


def download(session: Session, batch_id: int, kind: FileKind, by: Authority) -> bytes:
    """The very file that was exported. Raises Conflict before the export, and when it cannot be made again."""
    by.require(Permission.REFUND_MANUAL)
    batch = locked_batch(session, batch_id)
    if batch.state == "gathering":
        raise Conflict(
            said(N_("Batch %(reference)s was not exported yet."), reference=batch.reference),
            code="batch_gathering",
        )
    content = _file(session, batch)
    made = as_csv(content) if kind is FileKind.CSV else as_pain_001(content)
    if _digest(made) != (batch.csv_digest if kind is FileKind.CSV else batch.xml_digest):
        raise Conflict(
            N_("The file cannot be made again as it was: a customer of this batch was erased since."),
            code="file_erased",
        )
    _note(session, batch, by, "transfer_batch.downloaded", {"file": [None, kind.value]})
    return made


def _was_exported(session: Session, batch: TransferBatch) -> str:
    who = session.scalar(select(StaffUser.name).where(StaffUser.id == batch.exported_by_id)) or "Kontor"
    return said(
        N_(
            "%(who)s exported batch %(reference)s on %(at)s UTC. Download that file again instead: the bank must not get it twice."
        ),
        who=who,
        reference=batch.reference,
        at=f"{batch.exported_at:%d %b %Y at %H:%M:%S}",
    )


def _freeze_debtor(session: Session, batch: TransferBatch) -> None:
    accounts = session.scalars(
        select(GatewayAccount)
        .where(GatewayAccount.gateway_type == "bank_transfer", GatewayAccount.is_active)
        .order_by(GatewayAccount.id)
    )
    account = next((each for each in accounts if each.conf.get("currency") == batch.currency), None)
    if account is None:
        raise Conflict(
            said(
                N_(
                    "There is no bank account that pays in %(currency)s. Set one up: kontor gateway add NAME --type bank_transfer."
                ),
                currency=batch.currency,
            ),
            code="no_account",
        )
    batch.debtor_name = account.conf["holder"]
    batch.debtor_iban = account.conf["iban"]
    batch.debtor_bic = account.conf.get("bic", "")


def _day(wanted: date | None, today: date) -> date:
    day = wanted or today
    if not today <= day <= today + timedelta(days=LATEST_DAYS):
        sentence = said(N_("Choose a day from today to %(most)s days from now."), most=LATEST_DAYS)
        raise InvalidInput(sentence, fields={"execution_date": [sentence]})
    return day


def _file(session: Session, batch: TransferBatch) -> TransferFile:
    session.flush()
    if batch.exported_at is None or batch.execution_date is None:
        raise Conflict(
            said(N_("Batch %(reference)s was not exported yet."), reference=batch.reference),
            code="batch_gathering",
        )
    return TransferFile(
        reference=batch.reference,
        created_at=batch.exported_at,
        execution_date=batch.execution_date,
        currency=batch.currency,
        debtor=Debtor(batch.debtor_name, batch.debtor_iban, batch.debtor_bic),
        transfers=tuple(_transfer(row) for row in transfers_of(session, batch.id)),
    )


def _transfer(row: TransferRow) -> Transfer:
    # The refund's id without its dashes: 32 of the 35 characters that travel with a transfer.
    return Transfer(
        end_to_end_id=row.refund_id.hex,
        amount=quantise(row.amount, row.currency),
        iban=row.iban,
        holder=row.holder_name,
        text=f"Refund of order {row.order_number}",
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _note(
    session: Session, batch: TransferBatch, by: Authority, tag: str, changes: dict[str, list[str | None]]
) -> None:
    record(
        session,
        by.context,
        tag,
        subject=("transfer_batch", batch.id),
        summary=f"{batch.reference}: {batch.transfer_count} transfers, {in_words(batch.total_amount, batch.currency)}",
        changes=changes,
    )
