"""What stands beside orders: changes of addresses, questions to others, notes and tags, refunds, entries, messages."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import select, update

from tests.api.examples.stage import UNSHOWN, Desk, Example
from tests.cancelling import GOOD_IBAN
from webapp.auth.models import StaffUser
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.orders.models import Attention, IntegrationAction, Tag
from webapp.payments.gateway import Outcome, Standing
from webapp.payments.history import ToldPayment, ToldRefund, as_result
from webapp.payments.models import Refund, TransferBatch


def waiting_address(desk: Desk) -> Iterator[Example]:
    """The channel owns addresses for a moment: a change waits for it."""
    o, pk = "/api/v1/orders/", desk.orders["G"]
    _own_addresses("owner")
    new = {"line1": "Bağdat Cad. 9", "district": "Kadıköy", "city": "İstanbul", "country": "TR"}
    person = {"first_name": "Elif", "last_name": "Koç"}
    yield Example(UNSHOWN, f"{o}{pk}/change_shipping_address/", {**person, **new})
    _own_addresses("mirror")
    yield Example(f"GET {o}{{pk}}/address_changes/", f"{o}{pk}/address_changes/")
    yield Example(
        f"POST {o}{{pk}}/withdraw_address_change/", f"{o}{pk}/withdraw_address_change/", {"address_change": 1}
    )


def asking_others(desk: Desk) -> Iterator[Example]:
    o, pk = "/api/v1/orders/", desk.orders["A"]
    with unit_of_work() as unit:
        swift = CargoCompany(slug="swift", name="Swift")
        unit.add(swift)
        unit.flush()
        url = "https://carrier.example"
        unit.add(CargoAccount(cargo_company_id=swift.id, account_type="parcel_api", base_url=url))
        swift_id = swift.id
    yield Example(f"POST {o}{{pk}}/issue_label/", f"{o}{pk}/issue_label/", {"cargo_company": swift_id})
    yield Example(f"GET {o}{{pk}}/cargo_errands/", f"{o}{pk}/cargo_errands/")
    yield Example(f"POST {o}{{pk}}/refresh/", f"{o}{pk}/refresh/", {})
    yield Example(f"POST {o}{{pk}}/payment_history/", f"{o}{pk}/payment_history/", {})
    told = ToldPayment(
        transaction_id=1,
        gateway="stripe",
        standing=Standing.CAPTURED,
        currency="TRY",
        authorised=Decimal("100.00"),
        captured=Decimal("100.00"),
        refunded=Decimal("10.00"),
        refunds=(ToldRefund("re_1", Decimal("10.00"), Outcome.SUCCEEDED, False, None),),
    )
    with unit_of_work() as unit:
        answered = {"state": "done", "result": as_result([told])}
        unit.execute(update(Operation).where(Operation.kind == "payment.history").values(answered))
    yield Example(f"GET {o}{{pk}}/payment_history/", f"{o}{pk}/payment_history/")


def teamwork(desk: Desk) -> Iterator[Example]:
    o, pk = "/api/v1/orders/", desk.orders["A"]
    with unit_of_work() as unit:
        unit.add_all([Tag(name="Gift", colour="green"), Tag(name="Fragile", colour="red")])
    mine = db.session.scalars(select(StaffUser.id).order_by(StaffUser.id)).first()
    note = {"body": "Ask @Deniz Arslan before sending.", "must_read": False}
    yield Example(f"POST {o}{{pk}}/notes/", f"{o}{pk}/notes/", note)
    yield Example(f"GET {o}{{pk}}/notes/", f"{o}{pk}/notes/")
    yield Example("GET /api/v1/tags/", "/api/v1/tags/")
    yield Example(f"POST {o}{{pk}}/change_tags/", f"{o}{pk}/change_tags/", {"add": [1], "remove": [2]})
    yield Example(f"GET {o}{{pk}}/colleagues/", f"{o}{pk}/colleagues/")
    day = {"staff": mine, "due_on": "2026-12-24", "assignment_version": 0}
    yield Example(f"POST {o}{{pk}}/assign/", f"{o}{pk}/assign/", day)
    yield Example(f"GET {o}{{pk}}/teamwork/", f"{o}{pk}/teamwork/")


def refunds() -> Iterator[Example]:
    r, pk = "/api/v1/refunds/", db.session.scalars(select(Refund.id)).first()
    yield Example(f"GET {r}", f"{r}?state=ready&page_size=1")
    yield Example(f"GET {r}{{pk}}/", f"{r}{pk}/")
    yield Example(f"POST {r}{{pk}}/check/", f"{r}{pk}/check/", {})
    with unit_of_work() as unit:
        unit.execute(update(Refund).values(state="manual", way="transfer", gateway=None))
    account = {"iban": GOOD_IBAN, "holder_name": "Elif Koc"}
    yield Example(f"POST {r}{{pk}}/payee/", f"{r}{pk}/payee/", account)
    with unit_of_work() as unit:
        unit.add(TransferBatch(id=1, reference="KT-1", currency="TRY", state="exported"))
        unit.flush()
        unit.execute(update(Refund).values(transfer_batch_id=1))
    yield Example(f"POST {r}{{pk}}/returned/", f"{r}{pk}/returned/", {"words": "The account is closed."})
    yield Example(f"POST {r}{{pk}}/retry/", f"{r}{pk}/retry/", {"way": "transfer", **account})
    again = db.session.scalars(select(Refund.id).where(Refund.state == "manual")).one()
    evidence = {"state": "succeeded", "evidence": "Bank reference 4711"}
    yield Example(f"POST {r}{{pk}}/evidence/", f"{r}{again}/evidence/", evidence)


def attention(desk: Desk) -> Iterator[Example]:
    a, m, order_id = "/api/v1/attention/", "/api/v1/integration_actions/", desk.orders["A"]
    with unit_of_work() as unit:
        words = "The channel lowered the payment of an order from which more was paid back."
        unit.add(Attention(kind="payment_lowered", order_id=order_id, channel_id=1, words=words, facts={}))
        message = IntegrationAction(
            channel_id=1, order_id=order_id, kind="tracking", state="given_up", args={}, attempts=6,
            failure_words="The shop answered 500.",
        )  # fmt: skip
        unit.add(message)
        unit.flush()
        pk = message.id
    entry = db.session.scalars(select(Attention.id).order_by(Attention.id.desc())).first()
    yield Example(f"GET {a}", f"{a}?is_open=true&page_size=1")
    yield Example(f"GET {a}{{pk}}/", f"{a}{entry}/")
    yield Example(f"POST {a}{{pk}}/close/", f"{a}{entry}/close/", {"words": "Asked the shop."})
    yield Example(f"GET {m}", f"{m}?state=given_up,unsupported&page_size=1")
    yield Example(f"GET {m}{{pk}}/", f"{m}{pk}/")
    yield Example(f"POST {m}{{pk}}/send_again/", f"{m}{pk}/send_again/", {})
    with unit_of_work() as unit:
        unit.execute(update(IntegrationAction).where(IntegrationAction.id == pk).values(state="unsupported"))
    yield Example(f"POST {m}{{pk}}/done_by_hand/", f"{m}{pk}/done_by_hand/", {})


def _own_addresses(ownership: str) -> None:
    with unit_of_work() as unit:
        unit.execute(update(Channel).values(address_ownership=ownership))
