"""The files of a batch: what a bank's schema takes, and what a spreadsheet must not run."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formulas import FORMULAS
from tests.payments.pain_rules import broken_rules
from webapp.core.money import EXPONENTS, minor_unit
from webapp.payments.latin import in_bank_letters, to_bank_letters
from webapp.payments.transfer_files import Debtor, Transfer, TransferFile, as_csv, as_pain_001

ONE = Transfer("0f" * 16, Decimal("12.50"), "TR330006100519786457841326", "Elif Koç", "Refund of order #1001")
BATCH = TransferFile(
    "KT-20261123-1A2B3C4D",
    datetime(2026, 11, 23, 17, 30, 5, tzinfo=UTC),
    date(2026, 11, 24),
    "TRY",
    Debtor("Örnek Mağaza A.Ş.", "TR330006100519786457841326", "TGBATRIS"),
    (ONE, replace(ONE, end_to_end_id="1e" * 16, amount=Decimal("0.75"), holder="Şükrü & Oğlu")),
)


def test_the_file_keeps_the_rules_of_the_schema() -> None:
    content = as_pain_001(BATCH)
    assert broken_rules(content) == []
    text = content.decode()
    assert "<CtrlSum>13.25</CtrlSum>" in text
    assert "<Nm>Ornek Magaza A.S.</Nm>" in text
    assert "<Nm>Sukru + Oglu</Nm>" in text
    assert "<Ustrd>Refund of order 1001</Ustrd>" in text
    assert "<ChrgBr>SHAR</ChrgBr>" in text


def test_a_batch_in_euro_is_a_sepa_batch() -> None:
    text = as_pain_001(replace(BATCH, currency="EUR")).decode()
    assert broken_rules(text.encode()) == []
    assert "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>" in text
    assert "<ChrgBr>SLEV</ChrgBr>" in text


def test_a_bank_without_bic_is_named_not_provided() -> None:
    without = replace(BATCH, debtor=replace(BATCH.debtor, bic=""))
    assert broken_rules(as_pain_001(without)) == []
    assert b"<Othr><Id>NOTPROVIDED</Id></Othr>" in as_pain_001(without)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ((b"<NbOfTxs>2<", b"<NbOfTxs>3<"), "number of transactions"),
        ((b"<CtrlSum>13.25<", b"<CtrlSum>13.24<"), "control sum"),
        ((b"KT-20261123-1A2B3C4D", b"K" * 36), "MsgId"),
        ((b"TR3300", b"tr3300"), "IBAN"),
        ((b"Sukru", "Şükrü".encode()), "Nm"),
        ((b'Ccy="TRY"', b'Ccy="try"'), "currency"),
        ((b"<PmtMtd>TRF</PmtMtd>\n", b""), "0 of PmtMtd"),
        ((b"<Dt>2026-11-24</Dt>", b"2026-11-24"), "0 of Dt"),
        ((b"12.50", b"12.500001"), "InstdAmt"),
        ((b"1e" * 16, b"0f" * 16), "not unique"),
    ],
)
def test_the_rules_find_what_a_bank_would_refuse(damage: tuple[bytes, bytes], rule: str) -> None:
    content = as_pain_001(BATCH)
    assert damage[0] in content
    assert any(rule in words for words in broken_rules(content.replace(*damage)))


NAMES = st.text(min_size=1, max_size=200).filter(in_bank_letters)


@settings(max_examples=200)
@given(
    holders=st.lists(NAMES, min_size=1, max_size=5),
    currency=st.sampled_from(sorted(EXPONENTS)),
    minor=st.integers(min_value=1, max_value=10**14),
    text=st.text(max_size=300),
)
def test_whatever_is_called_and_owed_the_rules_hold(
    holders: list[str], currency: str, minor: int, text: str
) -> None:
    amount = minor * minor_unit(currency)
    transfers = tuple(
        Transfer(f"{n:032x}", amount, ONE.iban, holder, f"Refund of order {text}")
        for n, holder in enumerate(holders)
    )
    batch = replace(BATCH, currency=currency, transfers=transfers)
    assert broken_rules(as_pain_001(batch)) == []
    assert as_pain_001(batch) == as_pain_001(batch)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Gökçe Işıl Öztürk-Şen", "Gokce Isil Ozturk-Sen"),
        ("Großmann & Söhne", "Grossmann + Sohne"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("O’Brien", "O'Brien"),
        ("  Anna\u00a0Maria  ", "Anna Maria"),
    ],
)
def test_names_are_written_in_bank_letters(name: str, written: str) -> None:
    assert in_bank_letters(name)
    assert to_bank_letters(name) == written


@pytest.mark.parametrize("name", ["", " ", "محمد", "Иван", "/Elif", "Elif//Koç", "Elif <Koç>", "爱丽丝"])
def test_names_that_no_bank_takes_are_refused(name: str) -> None:
    assert not in_bank_letters(name)


@pytest.mark.parametrize("name", [each for each in FORMULAS if each != "#REF!"])
def test_a_spreadsheet_runs_nothing_of_it(name: str) -> None:
    batch = replace(BATCH, transfers=(replace(ONE, holder=name, text=name),))
    rows = list(csv.DictReader(io.StringIO(as_csv(batch).decode("utf-8-sig"))))
    assert rows[0]["holder"].startswith("'")
    assert rows[0]["text"].startswith("'")


def test_the_csv_names_every_transfer_with_its_reference() -> None:
    content = as_csv(BATCH)
    assert content.startswith(b"\xef\xbb\xbfreference,iban,holder,amount,currency,text\r\n")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["reference"], row["amount"], row["holder"]) for row in rows] == [
        ("0f" * 16, "12.50", "Elif Koç"),
        ("1e" * 16, "0.75", "Şükrü & Oğlu"),
    ]
