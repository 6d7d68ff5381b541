"""Uploads of tracking numbers on real tables: read, judged, applied, the same again, undone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.factories import item, make_cargo, make_channel
from tests.moving import pack, packages_of, parcel
from tests.order_drafts import findings
from tests.staff import make_staff
from tests.uploading import (
    HEADER,
    Uploads,
    context_of,
    csv_of,
    file_store,
    items_now,
    noted,
    order_now,
    outcomes,
    status,
    told,
    upload_now,
    verdicts,
    xlsx_of,
)
from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import Role
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.hints import drain
from webapp.core.operations import NewOperation, Queue, create
from webapp.orders.models import IntegrationAction, Order, OrderItem, TrackingUpload
from webapp.orders.service.deleting import delete_order
from webapp.orders.service.tracking import (
    bulk_tracking_number_update,
    choose_columns,
    reading,
    undo_upload,
    visible_upload,
)
from webapp.orders.tracking_file.columns import Field


@pytest.fixture
def desk(session: Session) -> Uploads:
    return Uploads.open(session)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(xlsx_of([HEADER, (1001, "TR900100100")]), id="xlsx"),
        pytest.param(csv_of([HEADER, ("1001", "TR900100100")]), id="comma"),
        pytest.param(csv_of([HEADER, ("1001", "TR900100100")], delimiter=";"), id="semicolon"),
        pytest.param(csv_of([("Sipariş No", "Kargo Takip No"), ("1001", "TR900100100")], delimiter="\t", encoding="windows-1254"), id="tab, Windows-1254"),
        pytest.param(csv_of([HEADER, ("1001", "TR900100100")], encoding="utf-8-sig"), id="UTF-8 with mark"),
        pytest.param(csv_of([HEADER, ("1001", "TR900100100")], encoding="utf-16"), id="UTF-16"),
        pytest.param(csv_of([("رقم الطلب", "رقم التتبع"), ("1001", "TR900100100")], encoding="utf-16-le"), id="UTF-16 without mark"),
        pytest.param(b"sep=\t\r\n" + csv_of([HEADER, ("1001", "TR900100100")], delimiter="\t"), id="a line that names the tab"),
        pytest.param(csv_of([('"Order\nnumber"', '"Tracking, number"'), ("1001", "TR900100100")], delimiter=";"), id="quoted end of line and comma in the header"),
        pytest.param(b"Parcels of today\r\n\r\n" + csv_of([HEADER, ("1001", "TR900100100")], delimiter=";"), id="a name above the header"),
        pytest.param(xlsx_of([("Parcels of today",), (), ("From", "24.11.2026"), HEADER, (1001, "TR900100100")]), id="xlsx, three rows above the header"),
    ],
)  # fmt: skip
def test_a_file_in_whatever_dress_when_applied_then_the_order_is_shipped(
    desk: Uploads, content: bytes
) -> None:
    order_id = desk.order("1001")
    upload_id = desk.upload(content)
    assert verdicts(upload_id) == [("will_ship", "")]
    assert items_now(order_id) == [(400, None)]  # A preview changes nothing.

    applied = desk.apply(upload_id)

    assert (applied.state, applied.rows, applied.shipped, applied.refused) == ("applied", 1, 1, 0)
    assert items_now(order_id) == [(500, "TR900100100")]
    order = order_now(order_id)
    assert (order.status, order.tracking_number, order.version) == (500, "TR900100100", 2)
    (word,) = told(order_id)
    assert word["tracking_number"] == "TR900100100"
    assert noted() == 1
    assert findings() == []


def test_every_verdict_when_its_order_stands_so_then_that_row_says_it(
    desk: Uploads, session: Session
) -> None:
    other = make_channel(session, "Marketplace")
    session.commit()
    session.refresh(other)
    session.expunge(other)
    desk.order("1001")
    desk.order("1002", item(), status=500)
    desk.order("1003", item(), status=500)
    _number("1002", "TR900100102")
    _number("1003", "TR900000000")
    Uploads(other, desk.agent, desk.context).order("1004")
    desk.order("1004")
    desk.order("1005", status=100)
    desk.order("1006", status=50)
    desk.order("1007", status=300)
    desk.order("1008", item(quantity=Decimal(3)))
    desk.order("1009", item(sku="A"), item(sku="B"))
    desk.order("1010")
    desk.order("1011", status=520)
    header = (*HEADER, "SKU", "Quantity", "Carrier", "Tracking link", "Ship date")
    rows = [
        ("#1001", "TR 900 100 101", "", "1", "UPS", "https://ups.example/t", "24.11.2026"),
        ("1002", "TR900100102"),
        ("1003", "TR900100103"),
        ("1004", "TR900100104"),
        ("1005", "TR900100105"),
        ("1006", "TR900100106"),
        ("1007", "TR900100107"),
        ("1008", "TR900100108", "", "2"),
        ("1009", "TR900100109", "C"),
        ("1010", "TR900100110"),
        ("1010", "TR900100111"),
        ("1001", "TR900100101"),
        ("9999", "TR900100112"),
        ("1011", "TR900100113"),
        ("1010", "7.28003E+15"),
        ("1010", "x!"),
        ("1010", ""),
        ("", "TR900100114"),
        ("1010", "TR900100115", "", "", "Snail & Sons"),
        ("1010", "TR900100116", "", "many"),
        ("1010", "TR900100117", "", "", "", "javascript:alert(1)"),
    ]
    upload_id = desk.upload(csv_of([header, *rows], delimiter=";"))
    assert verdicts(upload_id) == [
        ("will_ship", ""),
        ("unchanged", ""),
        ("other_number", "TR900000000"),
        ("ambiguous", "2"),
        ("cancelled", ""),
        ("plan_open", ""),
        ("not_payable", ""),
        ("will_ship", "2/3"),
        ("item_not_found", "c"),
        ("two_numbers", ""),
        ("two_numbers", ""),
        ("duplicate", "2"),
        ("not_found", ""),
        ("not_movable", "Ready for pickup"),
        ("rounded", "7.28003E+15"),
        ("bad_number", "x!"),
        ("no_number", ""),
        ("no_order_number", ""),
        ("carrier_unknown", "Snail & Sons"),
        ("bad_quantity", "many"),
        ("bad_value", "javascript:alert(1)"),
    ]
    applied = desk.apply(upload_id)
    assert (applied.rows, applied.shipped, applied.unchanged, applied.refused) == (21, 2, 2, 17)
    assert len(told()) == 2


def test_an_order_whose_own_number_begins_with_a_sign_when_named_with_or_without_it_then_found(
    desk: Uploads,
) -> None:
    first, second = desk.order("#1001"), desk.order("#1002")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101"), ("#1002", "TR900100102")]))
    assert verdicts(upload_id) == [("will_ship", ""), ("will_ship", "")]
    assert desk.apply(upload_id).shipped == 2
    assert [items_now(each) for each in (first, second)] == [[(500, "TR900100101")], [(500, "TR900100102")]]


def test_a_row_that_names_an_item_when_applied_then_only_that_item_leaves(desk: Uploads) -> None:
    order_id = desk.order("1001", item(sku="SHOE-42"), item(sku="Şal"))
    other_id = desk.order("1002", item(sku="X"), item(sku="X"))
    second = db.session.execute(
        text("SELECT max(id) FROM order_item WHERE order_id = :id"), {"id": other_id}
    ).scalar_one()
    rows = [("1001", "TR900100101", "sal"), ("1002", "TR900100102", str(second))]
    desk.apply(desk.upload(csv_of([(*HEADER, "Item"), *rows])))

    assert items_now(order_id) == [(400, None), (500, "TR900100101")]
    assert items_now(other_id) == [(400, None), (500, "TR900100102")]
    order = order_now(order_id)
    assert (order.status, order.partially_shipped) == (400, True)
    assert findings() == []


def test_two_parcels_of_one_order_when_named_by_item_then_each_has_its_number(desk: Uploads) -> None:
    order_id = desk.order("1001", item(sku="A"), item(sku="B"))
    desk.apply(desk.upload(csv_of([(*HEADER, "SKU"), ("1001", "TR1001A", "A"), ("1001", "TR1001B", "B")])))
    assert items_now(order_id) == [(500, "TR1001A"), (500, "TR1001B")]
    assert order_now(order_id).tracking_number == "TR1001A"
    assert [sorted(word["items"]) for word in told(order_id)] and len(told(order_id)) == 2


def test_a_carrier_and_a_day_when_in_the_file_then_the_items_carry_them(
    desk: Uploads, session: Session
) -> None:
    cargo_id = make_cargo(session).id
    session.commit()
    order_id = desk.order("1001")
    header = (*HEADER, "Carrier", "Ship date")
    desk.apply(desk.upload(csv_of([header, ("1001", "TR900100101", "swift parcel", "24.11.2026 09:30")])))
    db.session.rollback()
    shipped = db.session.query(OrderItem).filter_by(order_id=order_id).one()
    assert (shipped.cargo_company_id, shipped.shipping_company) == (cargo_id, "swift")
    assert shipped.tracking_url == "https://swift.example.test/TR900100101"
    assert shipped.shipped_date and shipped.shipped_date.isoformat() == "2026-11-24T06:30:00+00:00"
    assert order_now(order_id).cargo_company_id == cargo_id


def test_an_address_when_in_the_file_then_it_stands_before_the_carriers_own(
    desk: Uploads, session: Session
) -> None:
    make_cargo(session)
    session.commit()
    for number in ("1001", "1002"):
        desk.order(number)
    rows = [
        ("1001", "TR900100101", "Swift Parcel", "https://track.example/1?n=TR900100101"),
        ("1002", "TR900100102", "Swift Parcel", ""),
    ]
    desk.apply(desk.upload(xlsx_of([(*HEADER, "Carrier", "Takip linki"), *rows])))
    db.session.rollback()
    found = db.session.scalars(select(OrderItem.tracking_url).order_by(OrderItem.id)).all()
    assert found == ["https://track.example/1?n=TR900100101", "https://swift.example.test/TR900100102"]


def test_a_day_of_a_real_spreadsheet_when_read_then_it_is_noon_of_the_uploader(desk: Uploads) -> None:
    desk.order("1001")
    row = (1001, "TR900100101", datetime(2026, 11, 24))  # noqa: DTZ001 - as a sheet has it
    desk.apply(desk.upload(xlsx_of([(*HEADER, "Sevk tarihi"), row])))
    db.session.rollback()
    assert db.session.scalars(select(OrderItem.shipped_date)).one() == datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1254"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_turkish_letters_in_cells_when_in_any_encoding_we_name_then_the_item_is_found(
    desk: Uploads, encoding: str, delimiter: str
) -> None:
    order_id = desk.order("1001", item(sku="ŞAL-İÇ-ğ"), item(sku="OTHER"))
    rows = [("Kargo Takip No", "Sipariş Numarası", "Ürün kodu"), ("TR900100101", "1001", "ŞAL-İÇ-ğ")]
    desk.apply(desk.upload(csv_of(rows, delimiter=delimiter, encoding=encoding)))
    assert items_now(order_id) == [(500, "TR900100101"), (400, None)]


def test_chosen_columns_when_somebody_else_uploads_such_a_file_then_they_are_asked(desk: Uploads) -> None:
    desk.order("1001")
    titles = ("Kutu", "Bizim kod")
    first = desk.upload(csv_of([titles, ("TR900100101", "1001")]))
    with unit_of_work() as session:
        choose_columns(session, first, {Field.ORDER_NUMBER: 1, Field.TRACKING_NUMBER: 0}, desk.context)
    drain("files")
    colleague = context_of(make_staff(Role.AGENT, name="Ece Kaya"))
    theirs = desk.upload(csv_of([titles, ("TR900100102", "1002")]), by=colleague)
    assert status(theirs).state == "mapping"


def test_a_long_number_when_a_real_sheet_has_rounded_it_then_the_row_is_refused_and_never_completed(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001")
    upload_id = desk.upload(xlsx_of([HEADER, (1001, 7280030000000000)]))
    assert verdicts(upload_id) == [("rounded", "7.28003E+15")]
    with pytest.raises(Conflict), unit_of_work() as session:
        bulk_tracking_number_update(session, upload_id, desk.context)
    assert items_now(order_id) == [(400, None)]


def test_a_check_digit_when_it_does_not_fit_then_the_row_is_warned_about_and_shipped(desk: Uploads) -> None:
    desk.order("1001")
    desk.order("1002")
    rows = [("1001", "1Z999AA10123456784", "UPS"), ("1002", "1Z999AA10123456785", "UPS")]
    upload_id = desk.upload(csv_of([(*HEADER, "Carrier"), *rows]))
    warnings = db.session.execute(
        text("SELECT warning FROM tracking_row WHERE position > 1 ORDER BY position")
    )
    assert [row[0] for row in warnings] == ["", "ups"]
    assert desk.apply(upload_id).shipped == 2


def test_the_same_file_when_uploaded_again_then_it_is_already_applied_and_does_nothing(desk: Uploads) -> None:
    order_id = desk.order("1001")
    content = csv_of([HEADER, ("1001", "TR900100101")])
    desk.apply(desk.upload(content))

    again = desk.upload(content)

    assert verdicts(again) == [("unchanged", "")]
    with pytest.raises(Conflict, match="Already applied"), unit_of_work() as session:
        bulk_tracking_number_update(session, again, desk.context)
    assert order_now(order_id).version == 2
    assert (len(told()), noted()) == (1, 1)


def test_applying_when_asked_twice_then_it_is_one_operation(desk: Uploads) -> None:
    desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    asked = []
    for _ in range(2):
        with unit_of_work() as session:
            operation, is_new = bulk_tracking_number_update(session, upload_id, desk.context)
            asked.append((operation.id, is_new))
    drain("files")
    with unit_of_work() as session:
        operation, is_new = bulk_tracking_number_update(session, upload_id, desk.context)
        asked.append((operation.id, is_new))
    assert [is_new for _, is_new in asked] == [True, False, False]
    assert len({key for key, _ in asked}) == 1


def test_applying_when_asked_before_it_is_checked_then_it_follows_by_itself(desk: Uploads) -> None:
    order_id = desk.order("1001")
    upload_id = desk.hand_in(csv_of([HEADER, ("1001", "TR900100101")]))
    desk.ask(upload_id)
    drain("files")
    assert status(upload_id).state == "applied"
    assert items_now(order_id) == [(500, "TR900100101")]


def test_what_changed_since_the_preview_when_applied_then_the_row_says_so(desk: Uploads) -> None:
    order_id = desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    with unit_of_work() as session:
        session.execute(update(OrderItem).values(status=100))
        session.execute(update(Order).values(status=100))
    applied = desk.apply(upload_id)
    assert verdicts(upload_id) == [("cancelled", "")]
    assert (applied.shipped, applied.refused) == (0, 1)
    assert items_now(order_id) == [(100, None)]
    assert told() == []


def test_orders_of_other_channels_when_the_uploader_may_not_see_them_then_they_are_not_found(
    desk: Uploads, session: Session
) -> None:
    other_id = make_channel(session, "Marketplace").id
    session.commit()
    desk.order("1001")
    limited = make_staff(Role.AGENT, channel_ids=[other_id])
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]), by=context_of(limited))
    assert verdicts(upload_id) == [("not_found", "")]
    mine = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    with pytest.raises(NotFound):
        visible_upload(db.session(), mine, limited.id, frozenset({other_id}))
    assert visible_upload(db.session(), upload_id, limited.id, frozenset({other_id})).id == upload_id


def test_an_uploader_who_was_disabled_when_it_is_applied_then_nothing_ships(desk: Uploads) -> None:
    order_id = desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    desk.ask(upload_id)
    with unit_of_work() as session:
        session.execute(update(StaffUser).values(is_active=False))
    drain("files")
    assert items_now(order_id) == [(400, None)]


def test_columns_without_words_we_know_when_chosen_by_hand_then_the_next_file_knows_them(
    desk: Uploads,
) -> None:
    desk.order("1001")
    desk.order("1002")
    titles = ("Kutu", "Bizim kod")
    first = desk.upload(csv_of([titles, ("TR900100101", "1001")]))
    assert status(first).state == "mapping"
    with pytest.raises(InvalidInput) as refused, unit_of_work() as session:
        choose_columns(session, first, {Field.ORDER_NUMBER: 1}, desk.context)
    assert set(refused.value.fields) == {"tracking_number"}
    with unit_of_work() as session:
        choose_columns(session, first, {Field.ORDER_NUMBER: 1, Field.TRACKING_NUMBER: 0}, desk.context)
    drain("files")
    assert verdicts(first) == [("will_ship", "")]

    second = desk.upload(csv_of([titles, ("TR900100102", "1002")]))

    assert verdicts(second) == [("will_ship", "")]


def test_unknown_titles_under_a_name_when_chosen_by_hand_then_every_column_can_be_and_what_is_above_is_refused(
    desk: Uploads,
) -> None:
    desk.order("1001")
    upload_id = desk.upload(xlsx_of([("Parcels of today",), ("Kutu", "Bizim kod"), ("TR900100101", "1001")]))
    with unit_of_work() as session:
        choose_columns(session, upload_id, {Field.ORDER_NUMBER: 1, Field.TRACKING_NUMBER: 0}, desk.context)
    drain("files")
    assert verdicts(upload_id) == [("not_found", ""), ("will_ship", "")]


def test_what_stands_above_the_header_when_the_columns_are_chosen_anew_then_it_still_means_nothing(
    desk: Uploads,
) -> None:
    desk.order("1001")
    rows = [("Parcels of today",), (*HEADER, "Reference"), ("x", "TR900100101", "1001")]
    upload_id = desk.upload(xlsx_of(rows))
    assert verdicts(upload_id) == [("not_found", "")]
    with unit_of_work() as session:
        choose_columns(session, upload_id, {Field.ORDER_NUMBER: 2, Field.TRACKING_NUMBER: 1}, desk.context)
    drain("files")
    assert verdicts(upload_id) == [("will_ship", "")]
    assert desk.apply(upload_id).rows == 1


def test_a_time_of_a_real_spreadsheet_when_it_has_fractions_of_a_second_then_it_is_read(
    desk: Uploads,
) -> None:
    desk.order("1001")
    at = datetime(2026, 11, 24, 9, 30, 15, 250_000)  # noqa: DTZ001 - as a sheet has it
    upload_id = desk.upload(xlsx_of([(*HEADER, "Ship date"), (1001, "TR900100101", at)]))
    assert verdicts(upload_id) == [("will_ship", "")]


def test_a_file_without_a_header_when_its_columns_are_chosen_then_its_first_row_counts(desk: Uploads) -> None:
    desk.order("1001")
    desk.order("1002")
    upload_id = desk.upload(csv_of([("1001", "TR900100101"), ("1002", "TR900100102")]))
    columns = {Field.ORDER_NUMBER: 0, Field.TRACKING_NUMBER: 1}
    with unit_of_work() as session:
        choose_columns(session, upload_id, columns, desk.context, has_header=False)
    drain("files")
    assert desk.apply(upload_id).shipped == 2


def test_rows_of_one_order_when_they_are_read_apart_then_they_are_judged_together(
    desk: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    ids = [desk.order(number) for number in ("1001", "1002", "1003")]
    rows = [
        ("1001", "TR900100101"),
        ("1002", "TR900100102"),
        ("1003", "TR900100103"),
        ("1001", "TR900100101"),
        ("1002", "TR900100109"),
    ]
    upload_id = desk.upload(csv_of([HEADER, *rows]))
    assert verdicts(upload_id) == [
        ("will_ship", ""),
        ("two_numbers", ""),
        ("will_ship", ""),
        ("duplicate", "2"),
        ("two_numbers", ""),
    ]
    desk.apply(upload_id)
    assert {outcome for outcome in outcomes(upload_id) if outcome} == {"shipped"}
    assert [order_now(each).tracking_number for each in ids] == ["TR900100101", None, "TR900100103"]


def test_a_file_with_a_bad_row_far_down_when_rows_were_kept_already_then_nothing_of_it_stays(
    desk: Uploads, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 1)
    order_id = desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101"), ("1001", "x" * 1001)]))
    assert (status(upload_id).state, upload_now(upload_id).refusal) == (
        "refused",
        {"code": "cell_too_long", "fact": "3"},
    )
    kept = session.scalar(text("SELECT count(*) FROM tracking_row"))
    session.rollback()
    assert (kept, order_now(order_id).tracking_number) == (0, None)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(csv_of([HEADER]), "empty", id="header alone"),
        pytest.param(b"%PDF-1.7 whatever", "not_a_spreadsheet", id="pdf"),
        pytest.param(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 64, "old_excel", id="xls"),
        pytest.param(b"PK\x03\x04 and nothing", "damaged", id="broken zip"),
        pytest.param(csv_of([["x"] * 21]), "too_many_columns", id="21 columns"),
        pytest.param(csv_of([HEADER, ("1001", "x" * 1001)]), "cell_too_long", id="long cell"),
        pytest.param(csv_of([HEADER, *[("1", "TR1000")] * 20_001]), "too_many_rows", id="20,001 rows"),
    ],
)
def test_a_file_that_cannot_be_read_when_uploaded_then_it_is_refused_with_the_reason(
    desk: Uploads, content: bytes, code: str
) -> None:
    upload_id = desk.upload(content)
    assert (status(upload_id).state, upload_now(upload_id).refusal["code"]) == ("refused", code)


def test_an_upload_when_undone_then_items_that_nobody_touched_are_as_before(desk: Uploads) -> None:
    untouched, touched, heard = (desk.order(number) for number in ("1001", "1002", "1003"))
    rows = [(number, f"TR90010{number}") for number in ("1001", "1002", "1003")]
    upload_id = desk.upload(csv_of([HEADER, *rows]))
    desk.apply(upload_id)
    with unit_of_work() as session:
        session.execute(
            update(OrderItem)
            .where(OrderItem.order_id == touched)
            .values(status=550, version=OrderItem.version + 1)
        )
        session.execute(
            update(IntegrationAction)
            .where(IntegrationAction.order_id == heard)
            .values(state="sent", attempts=1)
        )
        session.execute(update(Order).where(Order.id == touched).values(status=550))

    undone = desk.undo(upload_id)

    assert undone.state == "undone"
    assert (undone.undone, undone.shipped) == (1, 2)
    assert outcomes(upload_id) == ["undone", "kept", "kept"]
    assert items_now(untouched) == [(400, None)]
    assert (order_now(untouched).status, order_now(untouched).tracking_number) == (400, None)
    assert items_now(touched) == [(550, "TR900101002")]
    assert items_now(heard) == [(500, "TR900101003")]
    assert told(untouched) == []
    assert noted("order.shipping_undone") == 1
    assert findings() == []
    again = desk.upload(csv_of([HEADER, rows[0]]))
    assert verdicts(again) == [("will_ship", "")]


def test_a_parcel_when_its_upload_is_undone_then_it_has_not_left_and_can_be_packed_anew(
    desk: Uploads, session: Session
) -> None:
    order_id = desk.order("1001", item(), item())
    first, second = session.scalars(
        select(OrderItem.id).where(OrderItem.order_id == order_id).order_by(OrderItem.id)
    )
    by = context_of(make_staff(Role.SUPERVISOR, name="Ece Aydın"))
    pack(order_id, by, parcel({first: 1}), parcel({second: 1}, "OWN900100102"))
    rows = [("1001", "TR900100101", str(first)), ("1001", "TR900100102", str(second))]
    upload_id = desk.upload(csv_of([(*HEADER, "SKU"), *rows]))
    desk.apply(upload_id)
    assert [(each.tracking_number, each.shipped_at is not None) for each in packages_of(order_id)] == [
        ("TR900100101", True),
        ("TR900100102", True),
    ]

    assert desk.undo(upload_id).undone == 2

    assert [(each.tracking_number, each.shipped_at) for each in packages_of(order_id)] == [
        (None, None),
        ("OWN900100102", None),
    ]
    assert len(pack(order_id, by, parcel({first: 1, second: 1}, "TR900100103"))) == 1


def test_undoing_when_an_order_was_deleted_meanwhile_then_the_others_are_undone(desk: Uploads) -> None:
    gone, there = desk.order("1001"), desk.order("1002")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101"), ("1002", "TR900100102")]))
    desk.apply(upload_id)
    with unit_of_work() as session:
        delete_order(session, gone, desk.context)

    undone = desk.undo(upload_id)

    assert (undone.state, outcomes(upload_id)) == ("undone", ["kept", "undone"])
    assert items_now(there) == [(400, None)]


def test_undoing_when_the_uploader_was_moved_to_another_desk_then_what_is_not_theirs_stays(
    desk: Uploads, session: Session
) -> None:
    other_id = make_channel(session, "Marketplace").id
    session.commit()
    order_id = desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    desk.apply(upload_id)
    with unit_of_work() as unit:
        unit.execute(update(StaffUser).values(limited_to_channels=True))
        unit.add(StaffChannel(staff_id=desk.agent.id, channel_id=other_id))

    desk.undo(upload_id)

    assert outcomes(upload_id) == ["kept"]
    assert items_now(order_id) == [(500, "TR900100101")]


def test_undoing_when_a_day_has_passed_then_it_is_refused(desk: Uploads) -> None:
    desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    desk.apply(upload_id)
    with unit_of_work() as session:
        session.execute(update(TrackingUpload).values(applied_at=utc_now() - timedelta(hours=25)))
    with pytest.raises(Conflict, match="more than a day ago"), unit_of_work() as session:
        undo_upload(session, upload_id, desk.context)


def test_a_stale_page_when_it_applies_then_it_is_refused(desk: Uploads) -> None:
    desk.order("1001")
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    seen = upload_now(upload_id).version
    with pytest.raises(Conflict, match="Deniz Arslan has moved this upload on"), unit_of_work() as session:
        bulk_tracking_number_update(session, upload_id, desk.context, version=seen - 1)


def test_reserved_stock_when_goods_leave_then_it_is_released_and_taken_again_by_undoing(
    desk: Uploads, session: Session
) -> None:
    session.execute(
        text("INSERT INTO stock_list (id, code, name) OVERRIDING SYSTEM VALUE VALUES (1, 'main', 'Main')")
    )
    session.execute(
        text("INSERT INTO product (id, sku, name) OVERRIDING SYSTEM VALUE VALUES (1, 'SC', 'Scarf')")
    )
    session.execute(text("INSERT INTO product_stock (product_id, stock_list_id, reserved) VALUES (1, 1, 2)"))
    session.commit()
    desk.order("1001", item(quantity=Decimal(2), product_id=1, stock_list_id=1))
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    desk.apply(upload_id)
    assert _reserved() == Decimal(0)
    desk.undo(upload_id)
    assert _reserved() == Decimal(2)


def test_an_upload_when_a_month_has_passed_then_its_bytes_and_rows_are_gone_and_the_order_stays(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001")
    old, new = (desk.upload(csv_of([HEADER, ("1001", f"TR90010010{at}")])) for at in (1, 2))
    desk.apply(old)
    names = [upload_now(each).stored_name or "" for each in (old, new)]
    with unit_of_work() as session:
        past = utc_now() - timedelta(days=31)
        session.execute(update(TrackingUpload).where(TrackingUpload.id == old).values(created_at=past))
        create(session, NewOperation(kind="files.tidy", queue=Queue.FILES, dedupe_key="files", args={}))
    drain("files")
    assert [file_store().path(name).exists() for name in names] == [False, True]
    assert (verdicts(old), len(verdicts(new))) == ([], 1)
    assert items_now(order_id) == [(500, "TR900100101")]


def _reserved() -> Any:
    db.session.rollback()
    return db.session.execute(text("SELECT reserved FROM product_stock")).scalar_one()


def _number(order_number: str, tracking_number: str) -> None:
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE order_item SET tracking_number = :number FROM orders"
                " WHERE orders.id = order_item.order_id AND orders.number = :order"
            ),
            {"number": tracking_number, "order": order_number},
        )
