"""Words of a channel that mean nothing here yet: SKUs without a product, statuses without a mapping."""

import re
from typing import Any

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext, ngettext

from webapp.auth.forms import add_errors
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.catalog.service import create_products
from webapp.channels import queries
from webapp.channels.forms import WordForm
from webapp.channels.reference import map_word
from webapp.channels.service import ChannelService
from webapp.channels.views.blueprint import blueprint
from webapp.channels.views.overview import work_ctx
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.operations.watching import watch
from webapp.orders.enums import OrderStatus
from webapp.ui.htmx import redirect, toast

# Adapters name the word that failed in these quotes, after what it is.
_NAMED = re.compile(r"(status|payment method|carrier|SKU)\D{0,20}?“([^”]+)”", re.IGNORECASE)
_KIND_OF = {"status": "status", "payment method": "payment_method", "carrier": "cargo_company", "sku": "sku"}


@blueprint.get("/<int:channel_id>/words")
@requires(Permission.CHANNELS_VIEW)
def words(channel_id: int) -> Response:
    """The words of the last weeks' orders that need a meaning, those met most often first."""
    return make_response(render_template("channels/words.html", **words_ctx(channel_id)))


def words_ctx(channel_id: int, form: WordForm | None = None) -> dict[str, Any]:
    """Unmapped SKUs and the channel's statuses. Raises NotFound."""
    context = work_ctx(channel_id)
    session = db.session()
    return {
        **context,
        "skus": queries.unmapped_skus(session, channel_id),
        "statuses": queries.statuses(session, channel_id),
        "meanings": [(status.wire, gettext(status.label)) for status in OrderStatus],
        "form": form,
    }


@blueprint.post("/<int:channel_id>/words")
@requires(Permission.CHANNELS_MANAGE)
def mean(channel_id: int) -> Response:
    """Give a word its meaning and apply the orders that carry it again."""
    form = WordForm()
    context = words_ctx(channel_id, form)
    if not save_word(channel_id, form):
        return make_response(render_template("channels/words.html", **context), 422)
    kind, word = form.kind.data, form.remote_value.data
    with unit_of_work() as session:
        operation, _ = ChannelService().replay_words(session, channel_id, kind, [word], audit_context())
        watch(operation)
    told = gettext("“%(word)s” has its meaning now. Its orders are applied again.", word=word)
    return toast(redirect(url_for(".words", channel_id=channel_id)), told)


@blueprint.post("/<int:channel_id>/words/products")
@requires(Permission.REFERENCE_MANAGE)
def make_products(channel_id: int) -> Response:
    """Make a product of every listed SKU, under the channel's own name for it: for a desk that has no catalogue yet."""
    queries.channel_name(db.session(), channel_scope(), channel_id)
    with unit_of_work() as session:
        skus = {row.sku: row.name for row in queries.unmapped_skus(session, channel_id)}
        made = create_products(session, audit_context(), skus)
        operation, _ = ChannelService().replay_words(session, channel_id, "sku", list(skus), audit_context())
        watch(operation)
    told = ngettext(
        "%(num)d product was made. Its orders are applied again.",
        "%(num)d products were made. Their orders are applied again.",
        made,
    )
    return toast(redirect(url_for(".words", channel_id=channel_id)), told)


def save_word(channel_id: int, form: WordForm) -> bool:
    """Store what the form says; False with sentences beside its fields when it cannot be."""
    queries.channel_name(db.session(), channel_scope(), channel_id)
    if not form.validate():
        return False
    try:
        with unit_of_work() as session:
            map_word(
                session,
                audit_context(),
                channel_id=channel_id,
                kind=form.kind.data,
                remote_value=form.remote_value.data,
                local_value=form.local_value.data or "",
            )
    except InvalidInput as refused:
        add_errors(form, refused)
        return False
    return True


def word_form(failure_words: str | None) -> WordForm:
    """A form for the word that a failure names, if it names one."""
    named = _NAMED.search(failure_words or "")
    kind, word = (_KIND_OF[named[1].lower()], named[2]) if named else ("status", "")
    form = WordForm(formdata=None)
    form.kind.data, form.remote_value.data = kind, word
    return form
