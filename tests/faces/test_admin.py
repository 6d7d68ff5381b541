"""Reference data: who may enter, what a request can change, and what is written down."""

import pytest
from flask import Flask
from flask_admin.base import BaseView
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.client import Client
from tests.overtaking import says_who_what_when
from tests.reference_desk import FORMS, make_carrier, reference_desk, seen_in
from webapp.admin import VIEWS
from webapp.admin.access import Guarded
from webapp.admin.base import HardenedView
from webapp.auth.models import StaffUser
from webapp.auth.permissions import demand_of
from webapp.auth.roles import ROLE_PERMISSIONS, Role
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product
from webapp.channels.models import Channel, DataSource, Mapping
from webapp.core.audit import AuditEntry

HTMX = {"HX-Request": "true"}


@pytest.fixture
def admin(app: Flask, session: Session) -> StaffClient:
    return reference_desk(app, session)


def test_every_view_of_the_admin_when_registered_then_is_hardened_and_says_its_permission(app: Flask) -> None:
    (admin,) = app.extensions["admin"]

    assert [type(view) for view in admin._views[1:]] == list(VIEWS)
    for view in admin._views:
        assert isinstance(view, BaseView)
        assert isinstance(view, Guarded)
        for rule in app.url_map.iter_rules():
            if rule.endpoint.rpartition(".")[0] == view.endpoint:
                assert demand_of(app, rule.endpoint) == view.permission
    for view in admin._views[1:]:
        assert isinstance(view, HardenedView)


def test_a_view_when_it_does_not_say_its_form_then_the_product_does_not_start() -> None:
    class Forgetful(HardenedView):
        endpoint_name = url_name = "forgetful"

    with pytest.raises(TypeError, match="does not say its"):
        Forgetful()


def _rules(app: Flask) -> list[tuple[str, str, str]]:
    endpoints = {view.endpoint_name for view in VIEWS} | {"reference"}
    return [
        (method, str(rule).replace("<export_type>", "csv"), rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[0] in endpoints
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def test_every_route_when_nobody_is_signed_in_then_leads_to_the_sign_in_page(
    app: Flask, client: Client
) -> None:
    for method, path, _ in _rules(app):
        response = client.open(path, method=method)
        # A form without a session has no token either.
        assert response.status_code == (303 if method == "GET" else 400), (method, path)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_every_route_when_the_role_does_not_allow_it_then_is_refused(
    app: Flask, session: Session, role: Role
) -> None:
    client = at_desk(app, role)

    for method, path, endpoint in _rules(app):
        demand = demand_of(app, endpoint)
        allowed = demand in ROLE_PERMISSIONS[role]
        data = {"csrf_token": client.token} if method == "POST" else None
        status = client.open(path, method=method, data=data).status_code
        assert (status != 403) == allowed, (method, path, status)


def test_every_form_when_sent_without_the_token_then_nothing_is_written(
    admin: StaffClient, session: Session
) -> None:
    for path, (model, form) in FORMS.items():
        before = session.query(model).count()
        assert admin.post(f"{path}/new/", data=form).status_code == 400
        session.rollback()
        assert session.query(model).count() == before


@pytest.mark.parametrize("path", FORMS)
def test_create_when_the_form_is_complete_then_the_row_and_its_audit_entry_exist(
    admin: StaffClient, session: Session, path: str
) -> None:
    model, form = FORMS[path]

    response = admin.post(f"{path}/new/", data={**form, "csrf_token": admin.token})

    row = session.scalars(select(model).order_by(model.id.desc()).limit(1)).one()
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert response.status_code == 303, response.get_data(as_text=True)
    assert response.headers["Location"] == f"{path}/"
    assert entry.tag.endswith(".created")
    assert (entry.staff_id, entry.subject_id, entry.origin) == (admin.staff_id, str(row.id), "page")


@pytest.mark.parametrize("path", FORMS)
def test_create_when_every_column_is_sent_then_only_the_forms_own_fields_are_set(
    app: Flask, admin: StaffClient, session: Session, path: str
) -> None:
    model, form = FORMS[path]
    mine = {"csrf_token": admin.token, **form}
    columns = {column.key for column in inspect(model).columns}
    (view,) = (view for view in app.extensions["admin"][0]._views[1:] if view.url == path)
    smuggled = dict.fromkeys(columns - set(dir(view.form)), "1") | {"id": "4711", "created_at": "1999-01-01"}

    admin.post(f"{path}/new/", data={**smuggled, **mine})

    row = session.scalars(select(model).order_by(model.id.desc()).limit(1)).one()
    assert row.id != 4711
    if "created_at" in columns:
        assert row.created_at.year > 2000
    if model is StaffUser:
        assert row.password_hash.startswith("$argon2id$")
        assert (row.theme, row.language) == ("system", "en")
    if model is Product:
        assert row.attributes == {}
    if model is CargoCompany:
        assert row.extra_field == {}


def test_create_when_a_name_is_taken_then_says_so_beside_the_field_and_keeps_what_was_typed(
    admin: StaffClient, session: Session
) -> None:
    form = {**FORMS["/reference/carriers"][1], "csrf_token": admin.token}
    admin.post("/reference/carriers/new/", data=form)

    response = admin.post("/reference/carriers/new/", data={**form, "name": "Another one"})

    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "Another carrier has this short name." in page
    assert 'value="Another one"' in page
    assert session.query(CargoCompany).count() == 1


@pytest.mark.parametrize(
    ("path", "field", "value", "sentence"),
    [
        ("/reference/carriers", "slug", "Ara s", "Write small letters"),
        ("/reference/carriers", "name", "   ", "Write something here."),
        ("/reference/carriers", "tracking_url_template", "javascript:alert(1)", "Write a web address"),
        ("/reference/carriers", "tracking_url_template", "https://t.example/", "Write {n} once"),
        ("/reference/payment-options", "tender", "gold", "Not a valid choice"),
        ("/reference/instalments", "installment_count", "0", "Write a number from 1 to 48."),
        ("/reference/instalments", "payment_option_id", "99", "Not a valid choice"),
        ("/reference/price-lists", "currency", "XXQ", "Choose one of the list."),
        ("/reference/mappings", "local_value", "999", "is no order status"),
        ("/staff", "new_password", "short", "12"),
        ("/staff", "email", "no-address", "Write an e-mail address"),
    ],
)
def test_create_when_a_field_is_wrong_then_422_says_what_to_write(
    admin: StaffClient, session: Session, path: str, field: str, value: str, sentence: str
) -> None:
    model, form = FORMS[path]
    before = session.query(model).count()

    response = admin.post(f"{path}/new/", data={**form, field: value, "csrf_token": admin.token})

    assert response.status_code == 422
    assert sentence in response.get_data(as_text=True)
    session.rollback()
    assert session.query(model).count() == before


def test_edit_when_saved_then_the_audit_has_old_and_new_value_and_what_is_fixed_stays(
    admin: StaffClient, session: Session
) -> None:
    carrier = make_carrier(session)

    response = admin.post(
        f"/reference/carriers/edit/?id={carrier.id}",
        data={"slug": "changed", "name": "Aras Kargo", "is_active": "y", "csrf_token": admin.token},
    )

    session.refresh(carrier)
    entry = session.scalars(select(AuditEntry)).one()
    assert response.status_code == 303
    assert (carrier.slug, carrier.name, carrier.is_active) == ("aras", "Aras Kargo", True)
    assert entry.tag == "cargo_company.changed"
    assert entry.changes == {"name": ["Aras", "Aras Kargo"]}


def test_edit_when_nothing_differs_then_no_audit_row_is_left(admin: StaffClient, session: Session) -> None:
    carrier = make_carrier(session)

    admin.post(
        f"/reference/carriers/edit/?id={carrier.id}",
        data={"name": "Aras", "is_active": "y", "csrf_token": admin.token},
    )

    assert session.scalars(select(AuditEntry)).all() == []


def test_edit_when_a_colleague_was_faster_then_says_who_changed_what_and_keeps_what_was_typed(
    app: Flask, admin: StaffClient, session: Session
) -> None:
    carrier = make_carrier(session)
    page = admin.get(f"/reference/carriers/edit/?id={carrier.id}").get_data(as_text=True)
    seen = seen_in(page)
    colleague = at_desk(app, Role.OPERATOR)
    colleague.post(
        f"/reference/carriers/edit/?id={carrier.id}",
        data={"name": "Aras Kargo", "is_active": "y", "csrf_token": colleague.token},
    )

    form = {"name": "My own name", "is_active": "y", "csrf_token": admin.token}
    refused = admin.post(f"/reference/carriers/edit/?id={carrier.id}", data={**form, "seen": seen})
    again = refused.get_data(as_text=True)
    saved = admin.post(f"/reference/carriers/edit/?id={carrier.id}", data={**form, "seen": seen_in(again)})

    session.refresh(carrier)
    assert refused.status_code == 409
    assert "Emre Demir changed this on" in again
    says_who_what_when(again, "Emre Demir", "Name: “Aras” → “Aras Kargo”")
    assert 'value="My own name"' in again
    assert saved.status_code == 303
    assert carrier.name == "My own name"


@pytest.mark.parametrize("row_id", ["4711", "0", "-1", "abc", "", "99999999999999999999", "1;DROP", "１"])
@pytest.mark.parametrize("deed", ["edit", "delete"])
def test_a_row_when_it_does_not_exist_then_404(admin: StaffClient, deed: str, row_id: str) -> None:
    assert admin.get(f"/reference/carriers/{deed}/", query_string={"id": row_id}).status_code == 404


def test_delete_when_opened_then_asks_and_when_confirmed_then_deletes_with_audit(
    admin: StaffClient, session: Session
) -> None:
    carrier = make_carrier(session)

    asked = admin.get(f"/reference/carriers/delete/?id={carrier.id}")
    dialog = admin.get(f"/reference/carriers/delete/?id={carrier.id}", headers=HTMX)
    without_token = admin.post("/reference/carriers/delete/", data={"id": carrier.id})
    still_there = session.query(CargoCompany).count()
    done = admin.post("/reference/carriers/delete/", data={"id": carrier.id, "csrf_token": admin.token})

    entry = session.scalars(select(AuditEntry)).one()
    assert "Delete “Aras”?" in asked.get_data(as_text=True)
    assert "<html" in asked.get_data(as_text=True)
    assert "<html" not in dialog.get_data(as_text=True)
    assert (without_token.status_code, still_there) == (400, 1)
    assert done.status_code == 303
    assert session.query(CargoCompany).count() == 0
    assert entry.tag == "cargo_company.deleted"
    assert entry.changes["name"] == ["Aras", None]


def test_delete_when_the_row_is_in_use_then_is_refused_with_what_to_do_instead(
    admin: StaffClient, session: Session
) -> None:
    source = DataSource(slug="warehouse", name="Warehouse")
    session.add(source)
    session.flush()
    session.add(Product(sku="JN-501", data_source_id=source.id))
    session.commit()

    response = admin.post(
        "/reference/data-sources/delete/", data={"id": source.id, "csrf_token": admin.token}
    )

    assert response.status_code == 409
    assert "in use" in response.get_data(as_text=True)
    assert session.query(DataSource).count() == 1
    assert session.scalars(select(AuditEntry)).all() == []


def test_bulk_delete_when_ticked_then_asks_first_and_keeps_what_is_in_use(
    admin: StaffClient, session: Session
) -> None:
    used, unused = DataSource(slug="used", name="Used"), DataSource(slug="unused", name="Unused")
    session.add_all([used, unused])
    session.flush()
    session.add(Product(sku="JN-501", data_source_id=used.id))
    session.commit()
    form = {"action": "delete", "rowid": [used.id, unused.id], "csrf_token": admin.token}

    asked = admin.post("/reference/data-sources/action/", data=form, headers=HTMX)
    untouched = session.query(DataSource).count()
    done = admin.post("/reference/data-sources/action/", data={**form, "confirmed": "1"})
    told = admin.get(done.headers["Location"]).get_data(as_text=True)

    assert "Delete 2 rows?" in asked.get_data(as_text=True)
    assert untouched == 2
    assert [row.slug for row in session.scalars(select(DataSource))] == ["used"]
    assert "1 deleted. 1 stay, because they are in use: “Used”." in told


@pytest.mark.parametrize("action", ["", "nonsense", "drop"])
def test_bulk_deed_when_it_does_not_exist_then_404(admin: StaffClient, session: Session, action: str) -> None:
    carrier = make_carrier(session)
    form = {"action": action, "rowid": carrier.id, "confirmed": "1", "csrf_token": admin.token}

    assert admin.post("/reference/carriers/action/", data=form).status_code == 404
    assert session.query(CargoCompany).count() == 1


def test_mappings_when_staff_are_limited_then_those_of_other_channels_do_not_exist(
    app: Flask, admin: StaffClient, session: Session
) -> None:
    other = Channel(name="Other", channel_type="woocommerce", base_url="https://other.example.test")
    session.add(other)
    session.flush()
    hidden = Mapping(channel_id=other.id, kind="status", remote_value="secret-word", local_value="400")
    session.add(hidden)
    session.commit()
    client = at_desk(app, Role.OPERATOR, channels=[1])
    form = {**FORMS["/reference/mappings"][1], "csrf_token": client.token}

    assert "secret-word" not in client.get("/reference/mappings/").get_data(as_text=True)
    assert "secret-word" not in client.get("/reference/mappings/export/csv/").get_data(as_text=True)
    assert client.get(f"/reference/mappings/edit/?id={hidden.id}").status_code == 404
    assert client.post("/reference/mappings/delete/", data={"id": hidden.id, **form}).status_code == 404
    assert client.post("/reference/mappings/new/", data={**form, "channel_id": other.id}).status_code == 422
    assert session.query(Mapping).count() == 1


def test_payment_mapping_when_saved_then_keeps_tender_holder_and_gateway(
    admin: StaffClient, session: Session
) -> None:
    form = {
        "channel_id": "1", "kind": "payment_method", "remote_value": "stripe", "local_value": "transfer",
        "tender": "card", "holder": "us", "gateway": "stripe", "csrf_token": admin.token,
    }  # fmt: skip

    refused = admin.post("/reference/mappings/new/", data={**form, "gateway": ""})
    admin.post("/reference/mappings/new/", data=form)

    mapping = session.scalars(select(Mapping)).one()
    assert refused.status_code == 422
    assert "goes back through it" in refused.get_data(as_text=True)
    assert mapping.conf == {"tender": "card", "holder": "us", "gateway": "stripe"}
