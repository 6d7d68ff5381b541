"""A channel connected to a real sandbox shop, and the work on it done here instead of by a worker process."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.sandbox.running import KEY, SECRET, ShopServer
from webapp.channels.fetching import FetchOrders
from webapp.channels.inputs import NewChannel
from webapp.channels.models import PullCursor, RemoteRecord
from webapp.channels.service import ChannelService
from webapp.core.audit import AuditContext, Origin
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.orders.models import Order
from webapp.verification import verify

STAFF = AuditContext(origin=Origin.PAGE, actor="Tester")
WEBHOOK_SECRET = "a secret that only the shop and we know"


@dataclass
class Connected:
    """A shop and its channel. The methods ask for work and do it; each gives the operation as it then is."""

    shop: ShopServer
    channel_id: int
    service: ChannelService

    @classmethod
    def to(cls, shop: ShopServer, **values: Any) -> "Connected":
        """Connect a shop by a new channel, which no schedule pulls."""
        service = ChannelService()
        secrets = {"consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": WEBHOOK_SECRET}
        new = NewChannel(
            **{
                "name": "Sandbox",
                "channel_type": "woocommerce",
                "base_url": shop.url,
                "credentials": secrets,
                "pull_minutes": 0,
                "reread_minutes": 0,
                "requests_per_minute": 6000,
                **values,
            }
        )
        with unit_of_work() as session:
            return cls(shop, service.create_channel(session, new, STAFF).id, service)

    def pull(self) -> Operation:
        with unit_of_work() as session:
            operation, _ = self.service.pull(session, self.channel_id, STAFF)
            key = operation.id
        return self.work(key)

    def reread(self) -> Operation:
        with unit_of_work() as session:
            key = self.service.reread(session, self.channel_id, STAFF)[0].id
        return self.work(key)

    def backfill(self, **fetch: Any) -> Operation:
        with unit_of_work() as session:
            key = self.service.backfill(session, self.channel_id, FetchOrders(**fetch), STAFF)[0].id
        return self.work(key)

    def replay(self, record_ids: list[int] | None = None) -> Operation:
        with unit_of_work() as session:
            key = self.service.replay(session, self.channel_id, STAFF, record_ids)[0].id
        return self.work(key)

    def refresh(self, order_id: int) -> Operation:
        with unit_of_work() as session:
            key = self.service.refresh_order(session, order_id, STAFF)[0].id
        return self.work(key)

    def check(self) -> Operation:
        with unit_of_work() as session:
            key = self.service.check(session, self.channel_id, STAFF)[0].id
        return self.work(key)

    def work(self, key: UUID) -> Operation:
        """Do whatever is due, as a worker does; the operation afterwards."""
        drain("channels")
        return operation(key)

    def waits_are_over(self) -> None:
        """As if the time that operations and channel were told to wait had passed."""
        with unit_of_work() as session:
            session.execute(update(Operation).where(Operation.state == "ready").values(next_run_at=utc_now()))
            session.execute(text("UPDATE rate_bucket SET blocked_until = NULL, tokens = 100"))
            session.execute(text("UPDATE circuit_breaker SET next_probe_at = now()"))

    def cursor(self) -> PullCursor | None:
        db.session.rollback()
        found = db.session.get(PullCursor, (self.channel_id, "order"), populate_existing=True)
        if found is not None:
            db.session.expunge(found)
        return found

    def an_hour_later(self) -> None:
        """As if the last pull lay an hour back, so that no overlap reaches what it has read."""
        with unit_of_work() as session:
            session.execute(
                update(PullCursor).values(modified_at=PullCursor.modified_at - timedelta(hours=1))
            )

    def requests(self) -> list[dict[str, Any]]:
        """What the shop was asked, oldest first."""
        found: list[dict[str, Any]] = self.shop.control("GET", "requests?path=/wp-json")
        return found

    def forget_requests(self) -> None:
        self.shop.control("DELETE", "requests")


def operation(key: UUID) -> Operation:
    """The operation as it is now, and stays whatever happens afterwards."""
    db.session.rollback()
    found = db.session.get_one(Operation, key, populate_existing=True)
    db.session.expunge(found)
    return found


def ids_of(shop: ShopServer) -> list[str]:
    """Every order of the shop's list."""
    return sorted(str(order["id"]) for order in shop.orders())


def remote_ids(session: Session) -> list[str]:
    """The channel's ids of our orders."""
    session.rollback()
    return sorted(str(each) for each in session.scalars(select(Order.remote_id)))


def record_count(session: Session, state: str) -> int:
    session.rollback()
    return session.scalars(select(func.count()).where(RemoteRecord.state == state)).one()


def assert_same_as_shop(session: Session, shop: ShopServer) -> None:
    """Every order of the shop's list is here once, with its total, and the whole database adds up."""
    theirs = {str(order["id"]): order for order in shop.orders() if order["status"] != "checkout-draft"}
    session.rollback()
    ours = {order.remote_id: order for order in session.scalars(select(Order))}
    failed = session.scalars(select(RemoteRecord).where(RemoteRecord.state == "failed")).all()
    assert [(each.remote_id, each.failure_words) for each in failed] == []
    assert theirs.keys() - ours.keys() == set()
    for key, order in theirs.items():
        assert ours[key].amount == Decimal(order["total"]), key
    assert findings(session) == []


def findings(session: Session) -> list[str]:
    """What `kontor verify` would say."""
    session.rollback()
    with db.engine.connect() as connection:
        return [
            f"{each.check} {each.subject}: {each.words}" for each in verify(connection, stuck_after_s=600)
        ]
