"""Creating, changing and deleting rows: every form goes to the service of its kind, which checks and keeps account."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, make_response, request
from flask_admin.base import expose
from flask_babel import gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from webapp.admin.base import PAGE_SIZE, HardenedView
from webapp.admin.stale import STALE_FIELD, change_since, fingerprint
from webapp.auth.forms import add_errors
from webapp.auth.permissions import audit_context
from webapp.core import reference
from webapp.core.db import Base, unit_of_work
from webapp.core.errors import Conflict, DomainError, InvalidInput, NotFound
from webapp.core.text import N_
from webapp.ui.htmx import is_htmx, redirect, toast


class ReferenceView(HardenedView):
    """A table whose rows staff create, change and delete by a service."""

    create_template = edit_template = "admin/form.html"
    can_create = can_edit = can_delete = True

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Response:
        """A form for a new row."""
        form = self.create_form()
        if request.method == "POST" and form.validate():
            try:
                with unit_of_work() as session:
                    name = self.name_of(self.create(session, form))
                return self._done(gettext("%(thing)s “%(name)s” was added.", thing=self.singular, name=name))
            except (InvalidInput, Conflict) as refused:
                return self._refused(form, refused, row=None)
        return self._form_page(form, row=None, status=422 if form.errors else 200)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Response:
        """The form of one row. What a colleague changed meanwhile is told, and nothing typed is lost."""
        row = self.get_one(request.args.get("id", ""))
        form = self.edit_form(obj=row)
        if request.method == "POST":
            changed = change_since(self.kind, row, self.column_labels)
            if changed is not None:
                return self._refused(form, Conflict(changed), row=row)
            if form.validate():
                return self._save(form, reference.key_of(row))
        return self._form_page(form, row=row, status=422 if form.errors else 200)

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Response:
        """Ask (GET), then delete (POST)."""
        row = self.get_one(request.values.get("id", ""))
        key, name = reference.key_of(row), self.name_of(row)
        if request.method == "GET":
            return self._question(rows=[(key, name)], deed=self.get_url(".delete_view"))
        with unit_of_work() as session:
            self.delete(session, key)
        return self._done(gettext("%(thing)s “%(name)s” was deleted.", thing=self.singular, name=name))

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Response:
        """Delete the ticked rows: first the question, then the deed, with a word on those that stay."""
        if request.form.get("action") != "delete":
            raise NotFound(reference.GONE)
        rows = [self.get_one(key) for key in request.form.getlist("rowid")[:PAGE_SIZE]]
        if not rows:
            raise InvalidInput(N_("Tick at least one row."))
        named = [(reference.key_of(row), self.name_of(row)) for row in rows]
        if request.form.get("confirmed") != "1":
            return self._question(rows=named, deed=self.get_url(".action_view"))
        kept = self._delete_all(named)
        return self._done(_bulk_sentence(len(named) - len(kept), kept), warn=bool(kept))

    def create(self, session: Session, form: FlaskForm) -> Base:
        """Make the row by its service."""
        row: Base = reference.create(session, audit_context(), self.kind, self.values_of(form))
        return row

    def update(self, session: Session, key: object, form: FlaskForm) -> Base:
        """Change the row by its service."""
        row: Base = reference.update(session, audit_context(), self.kind, key, self.values_of(form))
        return row

    def delete(self, session: Session, key: object) -> None:
        """Delete the row by its service."""
        reference.delete(session, audit_context(), self.kind, key)

    def values_of(self, form: FlaskForm) -> dict[str, Any]:
        """What the form says of the kind's fields; a request can bring no other."""
        return {name: form[name].data for name in self.kind.fields if name in form}

    def edit_form(self, obj: Any = None) -> FlaskForm:
        """The form of a row: what is fixed can be read, not written."""
        form = self.prepared(super().edit_form(obj))
        for name in self.kind.fixed:
            if name in form:
                form[name].process_data(getattr(obj, name))
                form[name].render_kw = {**(form[name].render_kw or {}), "disabled": True}
                form[name].validators = []
        return form

    def create_form(self, obj: Any = None) -> FlaskForm:
        """The empty form."""
        return self.prepared(super().create_form(obj))

    def prepared(self, form: FlaskForm) -> FlaskForm:
        """The form with the choices of its lists."""
        return form

    def _save(self, form: FlaskForm, key: object) -> Response:
        try:
            with unit_of_work() as session:
                name = self.name_of(self.update(session, key, form))
            return self._done(gettext("%(thing)s “%(name)s” was saved.", thing=self.singular, name=name))
        except (InvalidInput, Conflict) as refused:
            return self._refused(form, refused, row=self.get_one(str(key)))

    def _done(self, sentence: str, *, warn: bool = False) -> Response:
        return toast(redirect(self.back_url()), sentence, "warn" if warn else "")

    def _refused(self, form: FlaskForm, refused: DomainError, *, row: Any) -> Response:
        add_errors(form, refused if isinstance(refused, InvalidInput) else InvalidInput(refused.message))
        return self._form_page(form, row=row, status=refused.status)

    def _form_page(self, form: FlaskForm, *, row: Any, status: int) -> Response:
        response = self.render(
            self.edit_template,
            form=form,
            row=row,
            row_name=None if row is None else self.name_of(row),
            seen=None if row is None else (STALE_FIELD, fingerprint(self.kind, row)),
            back_url=self.back_url(),
        )
        response.status_code = status
        return response

    def _question(self, *, rows: Sequence[tuple[object, str]], deed: str) -> Response:
        """The question in the dialog; without a script on a page of its own."""
        template = "admin/_delete.html" if is_htmx() else "admin/question.html"
        return make_response(self.render(template, rows=rows, deed=deed, back_url=self.back_url()))

    def _delete_all(self, rows: Sequence[tuple[object, str]]) -> dict[str, str]:
        """Delete what can be; the others' names with the reason."""
        kept: dict[str, str] = {}
        with unit_of_work() as session:
            for key, name in rows:
                try:
                    self.delete(session, key)
                except DomainError as refused:
                    kept[name] = refused.message
        return kept


def _bulk_sentence(done: int, kept: Mapping[str, str]) -> str:
    deleted: str = gettext("%(count)s deleted.", count=done)
    if not kept:
        return deleted
    names = ", ".join(f"“{name}”" for name in list(kept)[:5])
    more = gettext("%(count)s stay, because they are in use: %(names)s.", count=len(kept), names=names)
    return f"{deleted} {more}"
