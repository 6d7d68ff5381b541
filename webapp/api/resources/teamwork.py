"""Sharing the work on orders: notes, tags, and who looks after an order until when."""

import uuid
from datetime import date
from typing import Final

from flask import Response, jsonify
from marshmallow import Schema

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Day, Key, Several, Small, Text, Yes
from webapp.api.listing import listed
from webapp.api.paging import Json, PageQuery
from webapp.api.preconditions import order_write
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db
from webapp.orders.desk_serializers import note_json, tag_json, teamwork_json
from webapp.orders.queries import beside
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.queries.collection import by_id
from webapp.orders.queries.teamwork import teamwork_of
from webapp.orders.service.assigning import Assignment, assign
from webapp.orders.service.notes import LONGEST_NOTE, MOST_MENTIONS, NewNote, add_note, colleagues
from webapp.orders.service.tags import change_tags

resource = Resource("api_teamwork", __name__, description="Notes, tags and assignments")
tags = Resource("api_tags", __name__, description="Notes, tags and assignments")
_TEAMWORK: Final = "Who looks after the order, and its tags."


class NewOrderNote(Schema):
    """A note for colleagues; whoever is named in it as "@Full Name" is told, as are the `mentions`."""

    body = Text(most=LONGEST_NOTE, required=True)
    mentions = Several(Key(), load_default=(), metadata={"description": f"At most {MOST_MENTIONS} are told."})
    must_read = Yes(load_default=False)


class ChangeTags(Schema):
    """Tags to put on the order and to take off it; what a colleague does meanwhile stays."""

    add = Several(Key(), load_default=())
    remove = Several(Key(), load_default=())


class Assign(Schema):
    """To whom (null: to nobody), and by which day it must be done.

    With the `assignment_version` that was seen it is refused when a colleague was faster.
    """

    staff = Key(required=True, allow_none=True)
    due_on = Day(allow_none=True, load_default=None)
    assignment_version = Small(allow_none=True, load_default=None)


@resource.get(f"/{PK}/notes/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(PageQuery, location="query")
@answers(200, "NotePage", "One page of the notes.")
def list_notes(wanted: Json, pk: int) -> Json:
    """What colleagues wrote about the order, the newest first"""
    visible_order(db.session(), pk, channel_scope())
    return listed(
        wanted, beside.notes(pk), by_id(beside.NOTE_ID), lambda rows: [note_json(row) for row in rows]
    )


@resource.post(f"/{PK}/notes/")
@requires(Permission.ORDERS_NOTE)
@resource.arguments(NewOrderNote)
@answers(201, "Note", "The note.")
def leave_note(sent: Json, pk: int) -> Response:
    """Leave a note on the order"""
    new = NewNote(
        order_id=pk,
        body=sent["body"].strip(),
        submission=uuid.uuid4(),
        mentions=sent["mentions"],
        must_read=sent["must_read"],
    )
    with order_write(pk) as session:
        add_note(session, new, audit_context())
    response = jsonify(note_json(beside.note_left(db.session(), new.submission)))
    response.status_code = 201
    return response


@resource.get(f"/{PK}/teamwork/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "Teamwork", _TEAMWORK)
def get_teamwork(pk: int) -> Json:
    """Who looks after the order until when, and its tags"""
    visible_order(db.session(), pk, channel_scope())
    return _teamwork(pk)


@resource.get(f"/{PK}/colleagues/")
@requires(Permission.ORDERS_NOTE)
@answers(200, "ColleagueList", "Everybody who may know of the order, by name.")
def list_colleagues(pk: int) -> Json:
    """Who can be named in a note or given the order"""
    session = db.session()
    order = visible_order(session, pk, channel_scope())
    found = [{"pk": each.id, "name": each.name} for each in colleagues(session, order.channel_id)]
    return {"count": len(found), "results": found}


@resource.post(f"/{PK}/change_tags/")
@requires(Permission.ORDERS_NOTE)
@resource.arguments(ChangeTags)
@answers(200, "Teamwork", _TEAMWORK)
def change_order_tags(sent: Json, pk: int) -> Json:
    """Put tags on the order, and take others off"""
    with order_write(pk) as session:
        change_tags(session, pk, audit_context(), add=sent["add"], remove=sent["remove"])
    return _teamwork(pk)


@resource.post(f"/{PK}/assign/")
@requires(Permission.ORDERS_NOTE)
@resource.arguments(Assign)
@answers(200, "Teamwork", _TEAMWORK)
def assign_order(sent: Json, pk: int) -> Json:
    """Give the order to somebody, or to nobody"""
    due_on: date | None = sent["due_on"]
    wanted = Assignment(sent["staff"], due_on)
    with order_write(pk) as session:
        assign(session, pk, wanted, audit_context(), version=sent["assignment_version"])
    return _teamwork(pk)


@tags.get("/")
@requires(Permission.ORDERS_VIEW)
@tags.arguments(PageQuery, location="query")
@answers(200, "TagPage", "One page of the tags.")
def list_tags(wanted: Json) -> Json:
    """The house's tags, those that can no longer be chosen too"""
    return listed(
        wanted, beside.tags(), by_id(beside.TAG_ID), lambda rows: [tag_json(row) for (row,) in rows]
    )


def _teamwork(pk: int) -> Json:
    return teamwork_json(pk, teamwork_of(db.session(), pk))
