"""The rules of the pain.001.001.09 schema for the elements that a credit transfer of ours uses, written down by hand.

Order, number and type of every element; what the schema cannot say (counts and sums) is checked beside it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element, fromstring

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
# EPC217-08: what every bank takes.
LATIN = r"[A-Za-z0-9/\-?:().,'+ ]"


@dataclass(frozen=True)
class Child:
    """One place in a sequence."""

    name: str
    least: int = 1
    most: int | None = 1


# Complex types: their children in this order. A tuple of names is a choice.
SEQUENCES: dict[str, list[Child]] = {
    "Document": [Child("CstmrCdtTrfInitn")],
    "CstmrCdtTrfInitn": [Child("GrpHdr"), Child("PmtInf", 1, None)],
    "GrpHdr": [Child("MsgId"), Child("CreDtTm"), Child("NbOfTxs"), Child("CtrlSum", 0), Child("InitgPty")],
    "InitgPty": [Child("Nm", 0)],
    "PmtInf": [
        Child("PmtInfId"),
        Child("PmtMtd"),
        Child("BtchBookg", 0),
        Child("NbOfTxs", 0),
        Child("CtrlSum", 0),
        Child("PmtTpInf", 0),
        Child("ReqdExctnDt"),
        Child("Dbtr"),
        Child("DbtrAcct"),
        Child("DbtrAgt"),
        Child("ChrgBr", 0),
        Child("CdtTrfTxInf", 1, None),
    ],
    "PmtTpInf": [Child("InstrPrty", 0), Child("SvcLvl", 0, None)],
    "SvcLvl": [Child("Cd")],
    "ReqdExctnDt": [Child("Dt")],
    "Dbtr": [Child("Nm", 0)],
    "DbtrAcct": [Child("Id"), Child("Ccy", 0)],
    "CdtrAcct": [Child("Id"), Child("Ccy", 0)],
    "Id": [Child("IBAN")],
    "DbtrAgt": [Child("FinInstnId")],
    "FinInstnId": [Child("BICFI", 0), Child("Othr", 0)],
    "Othr": [Child("Id")],
    "CdtTrfTxInf": [
        Child("PmtId"),
        Child("Amt"),
        Child("CdtrAgt", 0),
        Child("Cdtr", 0),
        Child("CdtrAcct", 0),
        Child("RmtInf", 0),
    ],
    "PmtId": [Child("InstrId", 0), Child("EndToEndId")],
    "Amt": [Child("InstdAmt")],
    "Cdtr": [Child("Nm", 0)],
    "RmtInf": [Child("Ustrd", 0, None)],
}
# Simple types, each as the pattern of its whole text.
PATTERNS: dict[str, str] = {
    "MsgId": LATIN + r"{1,35}",
    "PmtInfId": LATIN + r"{1,35}",
    "EndToEndId": LATIN + r"{1,35}",
    "CreDtTm": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?",
    "Dt": r"\d{4}-\d\d-\d\d",
    "NbOfTxs": r"[0-9]{1,15}",
    "PmtMtd": r"CHK|TRF|TRA",
    "BtchBookg": r"true|false|1|0",
    "ChrgBr": r"DEBT|CRED|SHAR|SLEV",
    "Cd": r".{1,4}",
    "Nm": LATIN + r"{1,140}",
    "Ustrd": LATIN + r"{1,140}",
    "IBAN": r"[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}",
    "BICFI": r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?",
    "Ccy": r"[A-Z]{3}",
    # totalDigits 18 with at most 5 (an amount) or 17 (a sum) after the point.
    "InstdAmt": r"(?=(\D*\d){1,18}\D*$)\d+(\.\d{1,5})?",
    "CtrlSum": r"(?=(\D*\d){1,18}\D*$)\d+(\.\d{1,17})?",
}
# `Id` inside Othr is a text, elsewhere an account.
OTHER_ID = LATIN + r"{1,35}"


def broken_rules(content: bytes) -> list[str]:
    """What the schema, or a bank's own arithmetic, would not take; empty when the file is good."""
    root = fromstring(content)
    return [*_element(root, "", ""), *_counts(root)]


def _element(element: Element, path: str, parent: str) -> Iterator[str]:
    space, _, name = element.tag[1:].rpartition("}")
    here = f"{path}/{name}"
    if space != NAMESPACE:
        yield f"{here}: namespace {space}"
    if name == "InstdAmt":
        if not re.fullmatch(r"[A-Z]{3}", element.attrib.get("Ccy", "")):
            yield f"{here}: currency {element.attrib}"
    elif element.attrib:
        yield f"{here}: attributes {element.attrib}"
    if name == "Id" and parent == "Othr":
        yield from _text(element, here, OTHER_ID)
    elif name in SEQUENCES:
        yield from _children(element, here, name)
    elif name in PATTERNS:
        yield from _text(element, here, PATTERNS[name])
    else:
        yield f"{here}: no such element"


def _text(element: Element, here: str, pattern: str) -> Iterator[str]:
    text = element.text or ""
    if len(element) or not re.fullmatch(pattern, text):
        yield f"{here}: {text!r} is not {pattern}"
    if text.startswith("/") or text.endswith("/") or "//" in text or text != text.strip():
        yield f"{here}: {text!r} has a slash or blank where none may be"


def _children(element: Element, here: str, name: str) -> Iterator[str]:
    names = [child.tag.rpartition("}")[2] for child in element]
    if (element.text or "").strip():
        yield f"{here}: text between elements"
    at = 0
    for expected in SEQUENCES[name]:
        found = 0
        while at < len(names) and names[at] == expected.name:
            found, at = found + 1, at + 1
        if found < expected.least or (expected.most is not None and found > expected.most):
            yield f"{here}: {found} of {expected.name}"
    if at < len(names):
        yield f"{here}: {names[at]} is not expected here"
    for child in element:
        yield from _element(child, here, name)


def _counts(root: Element) -> Iterator[str]:
    spaces = {"p": NAMESPACE}
    amounts = [Decimal(each.text or "") for each in root.iterfind(".//p:InstdAmt", spaces)]
    for path in (".//p:GrpHdr", ".//p:PmtInf"):
        for head in root.iterfind(path, spaces):
            if int(head.findtext("p:NbOfTxs", "", spaces)) != len(amounts):
                yield f"{path}: number of transactions"
            if Decimal(head.findtext("p:CtrlSum", "", spaces)) != sum(amounts):
                yield f"{path}: control sum"
    ids = [each.text for each in root.iterfind(".//p:EndToEndId", spaces)]
    if len(set(ids)) != len(ids):
        yield "an end-to-end id is not unique"
