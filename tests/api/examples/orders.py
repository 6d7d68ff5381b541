"""Orders, what belongs to them, channels, work, vendors and webhooks."""

from collections.abc import Iterator

from sqlalchemy import select, update

from tests.api.examples.beside import asking_others, attention, refunds, teamwork, waiting_address
from tests.api.examples.stage import Desk, Example, items_of
from tests.api.test_orders import NEW
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.orders.models import CancellationRequest


def examples(desk: Desk) -> Iterator[Example]:
    """Every operation once, in the order of the page; later ones see what earlier ones did."""
    o = "/api/v1/orders/"
    of = desk.orders
    yield Example(f"GET {o}", f"{o}?status=400&page_size=1")
    yield Example(f"GET {o}{{pk}}/", f"{o}{of['A']}/")
    yield Example(f"POST {o}", o, NEW)
    yield Example(f"PATCH {o}{{pk}}/", f"{o}{of['A']}/", {"notes": "Ring twice", "invoice_number": "INV-77"})
    yield Example(f"PUT {o}{{pk}}/", f"{o}{of['A']}/", {"notes": "Ring twice", "segment": "vip"})
    yield Example(f"DELETE {o}{{pk}}/", f"{o}{of['unpaid']}/")
    yield Example(f"GET {o}{{pk}}/get_remote_id/", f"{o}{of['A']}/get_remote_id/")
    address = {
        "first_name": "Elif",
        "last_name": "Koç",
        "line1": "Bağdat Cad. 118/4",
        "district": "Kadıköy",
        "city": "İstanbul",
        "postcode": "34710",
    }
    for side in ("shipping", "billing"):
        yield Example(
            f"POST {o}{{pk}}/change_{side}_address/", f"{o}{of['A']}/change_{side}_address/", address
        )
    yield Example(
        f"PATCH {o}{{pk}}/change_order_status/", f"{o}{of['A']}/change_order_status/", {"status": "450"}
    )
    yield Example(f"GET {o}{{pk}}/update_order_status/", f"{o}{of['A']}/update_order_status/")
    yield Example(f"POST {o}{{pk}}/update_order_status/", f"{o}{of['A']}/update_order_status/", {})
    yield Example(f"POST {o}{{pk}}/mark_as_not_sent/", f"{o}{of['A']}/mark_as_not_sent/", {})
    store = of["store"]
    yield Example(f"POST {o}{{pk}}/accept_in_store/", f"{o}{store}/accept_in_store/", {})
    yield Example(f"POST {o}{{pk}}/deliver_in_store/", f"{o}{store}/deliver_in_store/", {})
    item = items_of(of["F"])[0]
    parcel = {"contents": [{"order_item": item, "quantity": "1"}], "tracking_number": "TR0001"}
    yield Example(f"POST {o}{{pk}}/split_packages/", f"{o}{of['F']}/split_packages/", {"packages": [parcel]})
    yield Example(
        f"POST {o}{{pk}}/update_order_item_send_stock/",
        f"{o}{of['F']}/update_order_item_send_stock/",
        {"order_item": item},
    )
    yield Example(f"POST {o}{{pk}}/create_mapping/", f"{o}{of['F']}/create_mapping/", {"order_item": item})
    yield from waiting_address(desk)
    yield from asking_others(desk)
    yield from teamwork(desk)
    sheet = ("numbers.csv", b"Order number;Tracking number\n107;TR0007\n")
    yield Example(f"POST {o}bulk_tracking_number_update/", f"{o}bulk_tracking_number_update/", file=sheet)
    yield Example(
        f"GET {o}bulk_tracking_number_update_status/", f"{o}bulk_tracking_number_update_status/?id=1"
    )
    drain("files")
    yield Example(
        f"POST {o}bulk_tracking_number_update_undo/", f"{o}bulk_tracking_number_update_undo/", {"id": 1}
    )
    drain("files")
    cancel = {
        "cancel_items": [{"order_item": items_of(of["H"])[0]}],
        "reasons": desk.reason(),
        "diagnose": True,
    }
    yield Example(f"POST {o}{{pk}}/cancel/", f"{o}{of['H']}/cancel/", cancel)
    yield Example(
        f"POST {o}{{pk}}/cancellation_approved_order/",
        f"{o}{of['B']}/cancellation_approved_order/",
        {"invoice_number": "CN-1"},
    )
    yield Example(
        f"POST {o}{{pk}}/cancellation_reject_order/",
        f"{o}{of['C']}/cancellation_reject_order/",
        {"words": "It is on its way."},
    )
    for spelled in ("update_cancel_status", "update_cance_status"):
        moved = {
            "order": of["D"],
            "order_items": items_of(of["D"]),
            "cancel_status": "confirmation_waiting" if spelled.endswith("el_status") else "confirmed",
        }
        yield Example(f"POST {o}{{pk}}/{spelled}/", f"{o}{of['D']}/{spelled}/", moved)
    yield from _around(desk)
    yield from _vendor_orders()
    yield from _webhooks()


def _around(desk: Desk) -> Iterator[Example]:
    v1 = "/api/v1/"
    item = items_of(desk.orders["G"])[0]
    yield Example(f"GET {v1}order_items/", f"{v1}order_items/?order={desk.orders['G']}&page_size=1")
    yield Example(f"GET {v1}order_items/{{pk}}/", f"{v1}order_items/{item}/")
    bulk = {"order_items": [item], "status": "450"}
    yield Example(f"POST {v1}order_items/bulk_status_update/", f"{v1}order_items/bulk_status_update/", bulk)
    yield Example(f"GET {v1}cancellation_plans/", f"{v1}cancellation_plans/?status=waiting&page_size=1")
    yield Example(f"GET {v1}cancellation_plans/{{pk}}/", f"{v1}cancellation_plans/1/")
    yield Example(
        f"PATCH {v1}cancellation_plans/{{pk}}/",
        f"{v1}cancellation_plans/4/",
        {"refund_invoice_number": "CN-4"},
    )
    wishes = [
        wish.id for wish in db.session.scalars(select(CancellationRequest).order_by(CancellationRequest.id))
    ]
    r = f"{v1}cancellation_requests/"
    yield Example(f"GET {r}", f"{r}?status=waiting_approval&page_size=1")
    yield Example(f"GET {r}{{pk}}/", f"{r}{wishes[0]}/")
    yield Example(f"POST {r}{{pk}}/confirm/", f"{r}{wishes[0]}/confirm/", {})
    yield Example(f"POST {r}{{pk}}/approve/", f"{r}{wishes[1]}/approve/", {"reasons": desk.reason()})
    yield Example(f"POST {r}{{pk}}/reject/", f"{r}{wishes[2]}/reject/", {"words": "It is on its way."})
    yield Example(f"GET {v1}cancellation_reasons/", f"{v1}cancellation_reasons/?page_size=1")
    yield Example(f"GET {v1}cancellation_reasons/{{pk}}/", f"{v1}cancellation_reasons/1/")
    yield from refunds()
    yield Example(f"GET {v1}transactions/", f"{v1}transactions/?kind=card&page_size=1")
    yield Example(f"GET {v1}transactions/{{pk}}/", f"{v1}transactions/1/")
    yield from attention(desk)
    c = f"{v1}channels/"
    yield Example(f"GET {c}", c)
    yield Example(f"GET {c}{{pk}}/", f"{c}1/")
    yield Example(f"POST {c}{{pk}}/pull/", f"{c}1/pull/", {})
    yield Example(f"GET {c}{{pk}}/failed_records/", f"{c}1/failed_records/?failure_class=mapping")
    yield Example(f"POST {c}{{pk}}/replay/", f"{c}1/replay/", {"records": [1]})
    with unit_of_work() as unit:
        given_up = unit.scalars(select(Operation).where(Operation.kind == "channel.pull")).one()
        unit.execute(update(Operation).where(Operation.id == given_up.id).values(state="dead"))
        pulled = given_up.id
    w = f"{v1}operations/"
    yield Example(f"GET {w}", f"{w}?kind=channel.pull&page_size=1")
    yield Example(f"GET {w}{{operation_id}}/", f"{w}{pulled}/")
    yield Example(f"GET {w}{{operation_id}}/verdicts/", f"{w}{pulled}/verdicts/")
    yield Example(f"POST {w}{{operation_id}}/retry/", f"{w}{pulled}/retry/", {})


def _vendor_orders() -> Iterator[Example]:
    v = "/api/v1/vendor_orders/"
    yield Example(f"GET {v}", f"{v}?status=400&modified_date__gte=2020-01-01T00:00:00Z")
    yield Example(f"GET {v}{{pk}}/", f"{v}1/")
    yield Example(f"PATCH {v}{{pk}}/", f"{v}1/", {"status": "450"})
    parcel = {"tracking_number": "VER-7", "tracking_url": "https://swift.example/VER-7"}
    yield Example(f"POST {v}{{pk}}/send_shipping_info/", f"{v}1/send_shipping_info/", parcel)


def _webhooks() -> Iterator[Example]:
    h = "/api/v1/webhooks/"
    wanted = {"url": "https://erp.example.com/kontor", "events": ["order.created", "refund.settled"]}
    yield Example(f"POST {h}", h, wanted)
    yield Example(f"GET {h}", h)
    yield Example(f"GET {h}{{pk}}/", f"{h}1/")
    yield Example(f"PATCH {h}{{pk}}/", f"{h}1/", {"description": "The books"})
    yield Example(f"POST {h}{{pk}}/test/", f"{h}1/test/", {})
    yield Example(f"GET {h}{{pk}}/deliveries/", f"{h}1/deliveries/")
    yield Example(f"POST {h}{{pk}}/deliveries/{{delivery_pk}}/replay/", f"{h}1/deliveries/1/replay/", {})
    yield Example(f"POST {h}{{pk}}/replay_failed/", f"{h}1/replay_failed/", {})
    yield Example(f"POST {h}{{pk}}/pause/", f"{h}1/pause/", {})
    yield Example(f"POST {h}{{pk}}/resume/", f"{h}1/resume/", {})
    yield Example(f"POST {h}{{pk}}/rotate_secret/", f"{h}1/rotate_secret/", {})
    yield Example(f"DELETE {h}{{pk}}/", f"{h}1/")
