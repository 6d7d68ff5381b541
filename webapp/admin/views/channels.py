"""Channels, what their words mean here, and the sources of their items."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Query

from webapp.admin import forms
from webapp.admin.base import HardenedView
from webapp.admin.views.pills import active_pill, narrowed
from webapp.admin.writing import ReferenceView
from webapp.auth.permissions import Permission, channel_scope
from webapp.channels.models import Channel, Mapping
from webapp.channels.queries import channel_names
from webapp.channels.reference import CHANNEL, DATA_SOURCE, MAPPING, MAPPING_KINDS
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.reference import GONE
from webapp.ui.filters import ChoicePill, Option, Pill, read_choices


class ChannelListView(HardenedView):
    """Channels among the reference data; each leads to its own page, where it is kept."""

    permission = Permission.CHANNELS_MANAGE
    endpoint_name = "channel_list"
    url_name = "/reference/channels"
    kind = CHANNEL
    title = _l("Channels")
    singular = _l("Channel")
    summary = _l("Shops and marketplaces; their pages hold credentials, schedules and failed records.")
    form = FlaskForm
    column_list = ("name", "channel_type", "base_url", "pull_minutes", "is_active")
    column_labels = {
        "name": _l("Name"),
        "channel_type": _l("Type"),
        "base_url": _l("Address"),
        "pull_minutes": _l("Minutes between pulls"),
        "is_active": _l("Active"),
    }
    column_default_sort = "name"
    column_sortable_list = ("name", "channel_type", "pull_minutes", "is_active")
    column_searchable_list = ("name", "base_url")

    def visible(self, query: "Query[Any]") -> "Query[Any]":
        scope = channel_scope()
        return query if scope is None else query.filter(Channel.id.in_(scope))

    def pills(self) -> Sequence[Pill]:
        return (active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return narrowed(query, (active_pill(),), {"active": Channel.is_active})

    def row_url(self, row: Any, back_url: str) -> str | None:
        return url_for("channels.show", channel_id=row.id)


class MappingView(ReferenceView):
    """What words of channels mean here. Whoever is limited to channels keeps only theirs."""

    permission = Permission.CHANNELS_MANAGE
    endpoint_name = "mappings"
    url_name = "/reference/mappings"
    kind = MAPPING
    title = _l("Mappings")
    singular = _l("Mapping")
    summary = _l("What SKUs, statuses, payment methods and carriers of a channel mean here.")
    form = forms.MappingForm
    column_list = ("remote_value", "local_value", "kind", "channel.name")
    column_labels = {
        "remote_value": _l("The channel's word"),
        "local_value": _l("Means here"),
        "kind": _l("Kind"),
        "channel.name": _l("Channel"),
        "channel_id": _l("Channel"),
        "conf": _l("Payment"),
    }
    column_formatters = {"kind": lambda view, context, row, name: gettext(MAPPING_KINDS[row.kind])}
    column_select_related_list = (Mapping.channel,)
    column_default_sort = "remote_value"
    column_sortable_list = ("remote_value", "local_value", "kind")
    column_searchable_list = ("remote_value", "local_value")

    def visible(self, query: "Query[Any]") -> "Query[Any]":
        scope = channel_scope()
        return query if scope is None else query.filter(Mapping.channel_id.in_(scope))

    def _chosen(self) -> tuple[ChoicePill, ...]:
        kinds = [Option(kind, gettext(label)) for kind, label in MAPPING_KINDS.items()]
        names = channel_names(db.session(), channel_scope())
        shops = [Option(str(key), name) for key, name in names.items()]
        return (
            ChoicePill(
                "kind", gettext("Kind"), kinds, read_choices(request.args, "kind", list(MAPPING_KINDS))
            ),
            ChoicePill(
                "channel",
                gettext("Channel"),
                shops,
                read_choices(request.args, "channel", [o.value for o in shops]),
            ),
        )

    def pills(self) -> Sequence[Pill]:
        return self._chosen()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return narrowed(query, self._chosen(), {"kind": Mapping.kind, "channel": Mapping.channel_id})

    def prepared(self, form: FlaskForm) -> FlaskForm:
        form.channel_id.choices = forms.choices(channel_names(db.session(), channel_scope()).items())
        form.kind.choices = forms.choices((kind, gettext(label)) for kind, label in MAPPING_KINDS.items())
        return form

    def edit_form(self, obj: Any = None) -> FlaskForm:
        form = super().edit_form(obj)
        if request.method == "GET":
            for name in ("tender", "holder", "gateway"):
                form[name].data = obj.conf.get(name, form[name].data)
        return form

    def values_of(self, form: FlaskForm) -> dict[str, Any]:
        scope = channel_scope()
        values = super().values_of(form)
        if scope is not None and values["channel_id"] not in scope:
            raise NotFound(GONE)
        conf = {name: form[name].data for name in ("tender", "holder", "gateway") if form[name].data}
        return {**values, "conf": conf}


class DataSourceView(ReferenceView):
    """Data sources."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "data_sources"
    url_name = "/reference/data-sources"
    kind = DATA_SOURCE
    title = _l("Data sources")
    singular = _l("Data source")
    summary = _l("Who supplies products; items of another source than their channel's are vendor items.")
    form = forms.DataSourceForm
    column_list = ("name", "slug")
    column_labels = {"name": _l("Name"), "slug": _l("Short name")}
    column_default_sort = "name"
    column_sortable_list = ("name", "slug")
    column_searchable_list = ("name", "slug")
