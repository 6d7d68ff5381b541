"""Spreadsheets of tracking numbers for tests: made, uploaded, checked and applied as staff would have it done."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import item, make_channel, make_customer, make_order
from tests.staff import make_staff
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.hints import drain
from webapp.orders.models import IntegrationAction, Order, OrderItem, TrackingRow, TrackingUpload
from webapp.orders.service.tracking import (
    UploadStatus,
    bulk_tracking_number_update,
    bulk_tracking_number_update_status,
    store_upload,
    undo_upload,
)
from webapp.orders.tracking_file.limits import LARGEST_FILE

HEADER = ("Order number", "Tracking number")
Rows = Sequence[Sequence[Any]]


def csv_of(rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """The rows as a text file."""
    return "".join(delimiter.join(map(str, row)) + "\r\n" for row in rows).encode(encoding)


def xlsx_of(rows: Rows) -> bytes:
    """The rows as a real spreadsheet; numbers stay numbers."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def file_store() -> FileStore:
    """The store of the running application."""
    return FileStore.of_home(current_app.extensions["kontor_settings"].home)


@dataclass
class Uploads:
    """A desk with one channel and an agent who uploads."""

    channel: Channel
    agent: StaffUser
    context: AuditContext

    @classmethod
    def open(cls, session: Session, **columns: Any) -> "Uploads":
        """On empty tables."""
        channel = make_channel(session, **columns)
        session.commit()
        session.refresh(channel)
        session.expunge(channel)
        agent = make_staff(Role.AGENT, name="Deniz Arslan")
        return cls(channel, agent, context_of(agent))

    def order(self, number: str, *items: dict[str, Any], **columns: Any) -> int:
        """An order of the channel; its id."""
        with unit_of_work() as session:
            customer = make_customer(session, self.channel)
            rows = list(items) or [item()]
            order = make_order(session, self.channel, number=number, items=rows, customer=customer, **columns)
            return order.id

    def upload(self, content: bytes, *, name: str = "parcels.csv", by: AuditContext | None = None) -> int:
        """Hand the file in, and let a worker look at it; the upload's id."""
        upload_id = self.hand_in(content, name=name, by=by)
        drain("files")
        return upload_id

    def hand_in(self, content: bytes, *, name: str = "parcels.csv", by: AuditContext | None = None) -> int:
        """Hand the file in, without a worker."""
        stored = file_store().take(io.BytesIO(content), largest=LARGEST_FILE)
        with unit_of_work() as session:
            return store_upload(session, stored, name, by or self.context).id

    def apply(self, upload_id: int) -> UploadStatus:
        """Have it applied to its end."""
        self.ask(upload_id)
        drain("files")
        return status(upload_id)

    def ask(self, upload_id: int) -> None:
        """Ask for it to be applied."""
        with unit_of_work() as session:
            bulk_tracking_number_update(session, upload_id, self.context)

    def undo(self, upload_id: int) -> UploadStatus:
        """Have it undone to its end."""
        with unit_of_work() as session:
            undo_upload(session, upload_id, self.context)
        drain("files")
        return status(upload_id)


def context_of(staff: StaffUser) -> AuditContext:
    """The person at a page."""
    return AuditContext(Origin.PAGE, staff_id=staff.id, actor=staff.name)


def status(upload_id: int) -> UploadStatus:
    """How it stands now."""
    db.session.rollback()
    return bulk_tracking_number_update_status(db.session(), upload_id)


def upload_now(upload_id: int) -> TrackingUpload:
    """The upload's row now."""
    db.session.rollback()
    return db.session.get_one(TrackingUpload, upload_id)


def verdicts(upload_id: int) -> list[tuple[str, str]]:
    """Verdict and fact of each row below the header."""
    db.session.rollback()
    query = select(TrackingRow).where(TrackingRow.upload_id == upload_id, TrackingRow.verdict != "")
    return [(row.verdict, row.fact) for row in db.session.scalars(query.order_by(TrackingRow.position))]


def outcomes(upload_id: int) -> list[str]:
    """What was done with each row below the header."""
    db.session.rollback()
    query = select(TrackingRow.outcome).where(TrackingRow.upload_id == upload_id, TrackingRow.verdict != "")
    return list(db.session.scalars(query.order_by(TrackingRow.position)))


def items_now(order_id: int) -> list[tuple[int, str | None]]:
    """Status and number of each item."""
    db.session.rollback()
    query = select(OrderItem.status, OrderItem.tracking_number).where(OrderItem.order_id == order_id)
    return [(row[0], row[1]) for row in db.session.execute(query.order_by(OrderItem.position))]


def order_now(order_id: int) -> Order:
    """The order's row now."""
    db.session.rollback()
    return db.session.get_one(Order, order_id)


def told(order_id: int | None = None) -> list[dict[str, Any]]:
    """What channels are to be told about parcels."""
    db.session.rollback()
    query = select(IntegrationAction.args).where(
        IntegrationAction.kind == "tracking", IntegrationAction.state != "withdrawn"
    )
    if order_id is not None:
        query = query.where(IntegrationAction.order_id == order_id)
    return list(db.session.scalars(query.order_by(IntegrationAction.id)))


def noted(tag: str = "order.shipped") -> int:
    """How many entries of this tag there are."""
    db.session.rollback()
    return len(db.session.scalars(select(AuditEntry.id).where(AuditEntry.tag == tag)).all())
