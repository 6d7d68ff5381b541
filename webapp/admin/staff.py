"""Members of staff: who they are, what their role allows, which channels they see. Nobody is ever deleted."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from flask_admin.base import expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Query, Session, selectinload

from webapp.admin import forms
from webapp.admin.writing import ReferenceView
from webapp.auth import second_step, service
from webapp.auth.models import StaffUser
from webapp.auth.permissions import Permission, audit_context, current_staff
from webapp.auth.roles import Role
from webapp.channels.queries import channel_names
from webapp.core.db import Base, db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.core.reference import Kind, Values
from webapp.ui.filters import ChoicePill, Option, Pill, read_choices
from webapp.ui.formatting import when
from webapp.ui.htmx import redirect, toast


def _written_by_auth(_session: Session, _values: Values) -> Values:
    raise RuntimeError("Staff are written by webapp/auth/service.py alone.")


# Only for the form that tells what a colleague changed meanwhile; auth/service.py writes.
STAFF = Kind(
    word="staff",
    model=StaffUser,
    fields=("email", "name", "role", "is_active", "limited_to_channels", "channel_ids"),
    check=_written_by_auth,
    fixed=frozenset({"email"}),
)


class StaffView(ReferenceView):
    """Staff, by auth/service.py."""

    permission = Permission.STAFF_MANAGE
    endpoint_name = "staff"
    url_name = "/staff"
    kind = STAFF
    title = _l("Staff")
    singular = _l("Member of staff")
    summary = _l("Who may sign in, in which role, for which channels.")
    form = forms.StaffForm
    can_delete = False  # The audit log names them; they are switched off instead.
    own_views = ("sign_out_view", "reset_second_step_view")
    can_export = False  # Names and addresses of colleagues leave nobody's desk as a file.
    column_list = ("name", "email", "role", "channels", "last_signed_in_at", "is_active")
    column_labels = {
        "name": _l("Name"),
        "email": _l("E-mail"),
        "role": _l("Role"),
        "channels": _l("Channels"),
        "last_signed_in_at": _l("Last signed in"),
        "is_active": _l("May sign in"),
        "limited_to_channels": _l("Only some channels"),
    }
    column_formatters = {
        "role": lambda view, context, row, name: gettext(Role(row.role).label),
        "channels": lambda view, context, row, name: view.channels_of(row),
        "last_signed_in_at": lambda view, context, row, name: when(row.last_signed_in_at),
    }
    column_default_sort = "name"
    column_sortable_list = ("name", "email", "role", "last_signed_in_at", "is_active")
    column_searchable_list = ("name", "email")
    edit_template = create_template = "admin/staff_form.html"

    def pills(self) -> Sequence[Pill]:
        return (self._roles(),)

    def visible(self, query: "Query[Any]") -> "Query[Any]":
        return query.options(selectinload(StaffUser.channels))

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        chosen = self._roles().chosen
        return query.filter(StaffUser.role.in_(chosen)) if chosen else query

    def channels_of(self, row: StaffUser) -> str:
        """The names of the channels a person sees."""
        if not row.limited_to_channels:
            return str(gettext("all"))
        if "channel_names" not in self._template_args:
            self._template_args["channel_names"] = channel_names(db.session(), None)
        names = self._template_args["channel_names"]
        return ", ".join(sorted(names[link.channel_id] for link in row.channels)) or "—"

    def prepared(self, form: FlaskForm) -> FlaskForm:
        form.channel_ids.choices = forms.choices(channel_names(db.session(), None).items())
        return form

    def edit_form(self, obj: Any = None) -> FlaskForm:
        form = super().edit_form(obj)
        form.new_password.description = _l(
            "Leave it empty to keep the present one. A new one signs them out everywhere."
        )
        if request.method == "GET":
            form.channel_ids.data = [link.channel_id for link in obj.channels]
        return form

    def create(self, session: Session, form: FlaskForm) -> Base:
        """A new member of staff."""
        staff = service.create_staff(
            session,
            audit_context(),
            email=form.email.data,
            name=form.name.data,
            role=Role(form.role.data),
            password=form.new_password.data or "",
            channel_ids=self._channels(form),
        )
        if not form.is_active.data:
            service.set_active(session, audit_context(), staff.id, active=False)
        return staff

    def update(self, session: Session, key: object, form: FlaskForm) -> Base:
        """Everything that differs, each by its own service; all of it or nothing."""
        staff_id, context = int(str(key)), audit_context()
        role, channels = Role(form.role.data), self._channels(form)
        service.update_staff(session, context, staff_id, name=form.name.data, role=role, channel_ids=channels)
        staff = service.set_active(session, context, staff_id, active=form.is_active.data)
        if form.new_password.data:
            service.reset_password(session, context, staff_id, new=form.new_password.data)
        return staff

    @expose("/sign-out/", methods=("POST",))
    def sign_out_view(self) -> Response:
        """End every session of a person: a lost telephone, somebody who left in a hurry."""
        row = self.get_one(request.form.get("id", ""))
        name = row.name
        with unit_of_work() as session:
            ended = service.end_sessions(session, audit_context(), row.id)
        return toast(
            redirect(self.back_url()),
            gettext("%(name)s was signed out of %(count)s browsers.", name=name, count=ended),
        )

    @expose("/reset-second-step/", methods=("POST",))
    def reset_second_step_view(self) -> Response:
        """Switch a colleague's two-step sign-in off, when the telephone and the recovery codes are lost."""
        row = self.get_one(request.form.get("id", ""))
        name = row.name
        with unit_of_work() as session:
            second_step.reset(session, audit_context(), row.id)
        return toast(
            redirect(self.back_url()),
            gettext("%(name)s signs in with the password alone until they set it up again.", name=name),
        )

    def has_second_step(self, row: StaffUser) -> bool:
        """Whether there is anything to reset, and it is not the reader's own."""
        return row.id != current_staff().id and second_step.is_on(db.session(), row.id)

    def _channels(self, form: FlaskForm) -> list[int] | None:
        if not form.limited_to_channels.data:
            return None
        if not form.channel_ids.data:
            sentence = gettext("Tick at least one channel, or let them see all.")
            raise InvalidInput(sentence, fields={"channel_ids": [sentence]})
        return list(form.channel_ids.data)

    def _roles(self) -> ChoicePill:
        options = [Option(role.value, gettext(role.label)) for role in Role]
        return ChoicePill("role", gettext("Role"), options, read_choices(request.args, "role", list(Role)))
