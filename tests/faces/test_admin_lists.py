"""Lists of reference data: what they show, find and sort, and what leaves as a file."""

import csv
import io
import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.formulas import FORMULAS
from tests.reference_desk import FORMS, make_carrier, reference_desk
from webapp.auth.roles import Role
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product
from webapp.core.audit import AuditEntry


@pytest.fixture
def admin(app: Flask, session: Session) -> StaffClient:
    return reference_desk(app, session)


@pytest.mark.parametrize("value", [each for each in FORMULAS if each != "#REF!"])
def test_export_when_a_name_is_a_formula_then_it_leaves_as_text(
    admin: StaffClient, session: Session, value: str
) -> None:
    session.add(Product(sku="A-1", name=value))
    session.commit()

    response = admin.get("/reference/products/export/csv/")

    rows = list(csv.reader(io.StringIO(response.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0] == ["SKU", "Name", "Barcode", "Data source", "Active"]
    assert rows[1] == ["A-1", f"'{value}", "", "", "yes"]
    assert response.headers["Content-Disposition"].startswith("attachment; filename=reference-products-")


def test_export_when_the_list_is_filtered_then_holds_exactly_that_list_and_the_audit_keeps_it(
    admin: StaffClient, session: Session
) -> None:
    session.add_all([Product(sku=f"A-{n:04}", is_active=n % 2 == 0) for n in range(1200)])
    session.commit()

    response = admin.get("/reference/products/export/csv/?active=1&search=A-0")

    rows = response.get_data(as_text=True).splitlines()
    entry = session.scalars(select(AuditEntry)).one()
    assert len(rows) == 1 + 500
    assert rows[1].startswith("A-0000")
    assert rows[-1].startswith("A-0998")
    assert (entry.tag, entry.staff_id) == ("product.exported", admin.staff_id)


def test_export_when_another_type_is_asked_for_then_404(admin: StaffClient) -> None:
    assert admin.get("/reference/products/export/xlsx/").status_code == 404


def test_list_when_longer_than_a_page_then_pages_without_counting(
    admin: StaffClient, session: Session
) -> None:
    session.add_all([Product(sku=f"A-{n:04}") for n in range(100)])
    session.commit()

    first = admin.get("/reference/products/").get_data(as_text=True)
    second = admin.get("/reference/products/?page=1").get_data(as_text=True)

    assert (first.count('<tr id="record-'), second.count('<tr id="record-')) == (50, 50)
    assert ('rel="next"' in first, 'rel="prev"' in first) == (True, False)
    # Exactly two full pages: the second knows that it is the last.
    assert ('rel="next"' in second, 'rel="prev"' in second) == (False, True)
    assert admin.get("/reference/products/?page=99999999999").status_code == 200
    assert admin.get("/reference/products/?page=-3").status_code == 200


@pytest.mark.parametrize("column", [0, 1])
def test_list_when_sorted_then_the_rows_come_in_that_order(
    admin: StaffClient, session: Session, column: int
) -> None:
    session.add_all(
        [CargoCompany(slug=slug, name=name) for slug, name in (("c", "A"), ("a", "B"), ("b", "C"))]
    )
    session.commit()

    def order(url: str) -> list[str]:
        return re.findall(
            r'data-href="/reference/carriers/edit/\?id=(\d+)', admin.get(url).get_data(as_text=True)
        )

    up, down = (
        order(f"/reference/carriers/?sort={column}"),
        order(f"/reference/carriers/?sort={column}&desc=1"),
    )
    assert up == [["1", "2", "3"], ["2", "3", "1"]][column]
    assert down == up[::-1]


@pytest.mark.parametrize(
    "search", ["aras", "ARAS", "%", "_", "'", '"', "\\", "=aras", "^a", "a" * 3000, "\0"]
)
def test_list_when_searched_with_anything_then_answers(
    admin: StaffClient, session: Session, search: str
) -> None:
    make_carrier(session)

    page = admin.get("/reference/carriers/", query_string={"search": search})

    assert page.status_code == 200


def test_list_when_a_name_holds_markup_then_it_is_shown_not_run(admin: StaffClient, session: Session) -> None:
    session.add(CargoCompany(slug="x", name='"><img src=x onerror=alert(1)>'))
    session.commit()
    (row_id,) = session.scalars(select(CargoCompany.id)).all()

    for url in ("/", f"/edit/?id={row_id}", f"/delete/?id={row_id}", "/?search=%3Cimg%3E"):
        assert "<img" not in admin.get(f"/reference/carriers{url}").get_data(as_text=True)


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/%09/evil"]
)
def test_save_when_the_way_back_is_foreign_then_leads_to_the_list(
    admin: StaffClient, session: Session, target: str
) -> None:
    form = {**FORMS["/reference/carriers"][1], "url": target, "csrf_token": admin.token}

    response = admin.post("/reference/carriers/new/", data=form)

    assert response.headers["Location"] == "/reference/carriers/"


def test_every_page_when_served_then_uses_no_inline_script_and_no_script_of_flask_admin(
    admin: StaffClient, session: Session
) -> None:
    carrier = make_carrier(session)

    for url in ("/", "/new/", f"/edit/?id={carrier.id}", f"/delete/?id={carrier.id}"):
        page = admin.get(f"/reference/carriers{url}").get_data(as_text=True)
        assert not re.search(r"\son\w+=|javascript:|<style|\sstyle=", page)
        assert re.findall(r"<script(?![^>]*src=\"/assets/)", page) == []
    assert admin.get("/reference/static/vendor/jquery.min.js").status_code == 404


def test_index_when_opened_then_lists_what_the_reader_may_keep(
    app: Flask, admin: StaffClient, session: Session
) -> None:
    operator = at_desk(app, Role.OPERATOR)

    mine, theirs = (c.get("/reference/").get_data(as_text=True) for c in (admin, operator))

    assert "Carriers" in mine
    assert 'href="/staff/"' in mine
    assert "Carriers" in theirs
    assert 'href="/staff/"' not in theirs
