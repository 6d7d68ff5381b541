"""The files that a bank takes: a batch of transfers as CSV and as ISO 20022 pain.001.001.09. Pure: same batch, same bytes."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from html import escape
from typing import Final

from webapp.core.csv_cells import plain_cell
from webapp.payments.latin import only_bank_letters, to_bank_letters

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
# The schema allows 140 characters; SEPA banks take 70 and cut the rest at will.
LONGEST_NAME: Final = 70
LONGEST_TEXT: Final = 140
_CSV_COLUMNS: Final = ("reference", "iban", "holder", "amount", "currency", "text")


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer. `end_to_end_id` travels with it to the customer's statement: at most 35 characters."""

    end_to_end_id: str
    amount: Decimal
    iban: str
    holder: str
    text: str


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose money it is: the account that pays. `bic` may be empty."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class TransferFile:
    """A whole batch as it was exported; amounts have the decimals of the currency."""

    reference: str
    created_at: datetime
    execution_date: date
    currency: str
    debtor: Debtor
    transfers: tuple[Transfer, ...]

    @property
    def total(self) -> Decimal:
        """The sum that the file names for its own check."""
        return sum((each.amount for each in self.transfers), Decimal(0))


def as_csv(batch: TransferFile) -> bytes:
    """UTF-8 with a mark that spreadsheets know it by; texts that a spreadsheet could run stay texts."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(_CSV_COLUMNS)
    for each in batch.transfers:
        row = (each.end_to_end_id, each.iban, each.holder, each.amount, batch.currency, each.text)
        writer.writerow([plain_cell(cell) for cell in row])
    return b"\xef\xbb\xbf" + lines.getvalue().encode()


def as_pain_001(batch: TransferFile) -> bytes:
    """The customer credit transfer initiation, one payment block for the whole batch; names in bank letters."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<Document xmlns="{NAMESPACE}">',
        "<CstmrCdtTrfInitn>",
        *_group_header(batch),
        "<PmtInf>",
        *_payment_head(batch),
        *(line for each in batch.transfers for line in _transfer(each, batch.currency)),
        "</PmtInf>",
        "</CstmrCdtTrfInitn>",
        "</Document>",
        "",
    ]
    return "\n".join(parts).encode()


def _group_header(batch: TransferFile) -> Iterator[str]:
    yield "<GrpHdr>"
    yield _element("MsgId", batch.reference)
    yield _element("CreDtTm", f"{batch.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    yield from _counts(batch)
    yield f"<InitgPty>{_element('Nm', _name(batch.debtor.name))}</InitgPty>"
    yield "</GrpHdr>"


def _payment_head(batch: TransferFile) -> Iterator[str]:
    yield _element("PmtInfId", batch.reference)
    yield _element("PmtMtd", "TRF")
    yield _element("BtchBookg", "true")
    yield from _counts(batch)
    if batch.currency == "EUR":
        yield "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>"
    yield f"<ReqdExctnDt>{_element('Dt', batch.execution_date.isoformat())}</ReqdExctnDt>"
    yield f"<Dbtr>{_element('Nm', _name(batch.debtor.name))}</Dbtr>"
    account = f"<Id>{_element('IBAN', batch.debtor.iban)}</Id>{_element('Ccy', batch.currency)}"
    yield f"<DbtrAcct>{account}</DbtrAcct>"
    bank = _element("BICFI", batch.debtor.bic) if batch.debtor.bic else "<Othr><Id>NOTPROVIDED</Id></Othr>"
    yield f"<DbtrAgt><FinInstnId>{bank}</FinInstnId></DbtrAgt>"
    # Each side pays its own bank: inside SEPA by its rules, elsewhere shared.
    yield _element("ChrgBr", "SLEV" if batch.currency == "EUR" else "SHAR")


def _counts(batch: TransferFile) -> Iterator[str]:
    yield _element("NbOfTxs", str(len(batch.transfers)))
    yield _element("CtrlSum", f"{batch.total:f}")


def _transfer(each: Transfer, currency: str) -> Iterator[str]:
    yield "<CdtTrfTxInf>"
    yield f"<PmtId>{_element('EndToEndId', each.end_to_end_id)}</PmtId>"
    yield f'<Amt><InstdAmt Ccy="{currency}">{each.amount:f}</InstdAmt></Amt>'
    yield f"<Cdtr>{_element('Nm', _name(each.holder))}</Cdtr>"
    yield f"<CdtrAcct><Id>{_element('IBAN', each.iban)}</Id></CdtrAcct>"
    yield f"<RmtInf>{_element('Ustrd', only_bank_letters(each.text)[:LONGEST_TEXT].strip('/ '))}</RmtInf>"
    yield "</CdtTrfTxInf>"


def _name(text: str) -> str:
    return to_bank_letters(text)[:LONGEST_NAME].strip("/ ")


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text, quote=False)}</{name}>"
