"""What stands beside an order as the API writes it: notes, tags, who looks after it, messages, changes, errands, entries."""

from typing import Any

from webapp.cargo.models import CargoErrand
from webapp.orders.addresses import Way
from webapp.orders.models import Attention, IntegrationAction, Tag
from webapp.orders.queries.teamwork import Teamwork
from webapp.orders.serializers import address_json, amounts_in, stamp
from webapp.payments.history import ToldPayment

Json = dict[str, Any]


def address_change_json(row: Any) -> Json:
    """A row of `queries.beside.address_changes`."""
    change, address, message, told_since = row
    waits_unheard = change.state == "waiting" and told_since is None
    return {
        "pk": change.id,
        "order": change.order_id,
        "side": change.side,
        "way": change.way,
        "state": change.state,
        "address": address_json(address),
        "words": change.words,
        "integration_action": message,
        "can_be_withdrawn": waits_unheard and change.way == Way.PROPOSE.value,
        "requested_by": change.requested_by_id,
        "told_date": stamp(told_since),
        "created_date": stamp(change.created_at),
        "ended_date": stamp(change.ended_at),
    }


def errand_json(row: CargoErrand) -> Json:
    """One thing asked of a carrier."""
    return {
        "pk": row.id,
        "order": row.order_id,
        "kind": row.kind,
        "state": row.state,
        "cargo_company": row.cargo_company_id,
        "address_change": row.address_change_id,
        "tracking_number": row.tracking_number,
        "attempts": row.attempts,
        "words": row.words,
        "created_date": stamp(row.created_at),
        "sent_date": stamp(row.sent_at),
        "ended_date": stamp(row.ended_at),
    }


def message_json(row: IntegrationAction) -> Json:
    """One thing that a channel is told."""
    return {
        "pk": row.id,
        "order": row.order_id,
        "order_item": row.order_item_id,
        "channel": row.channel_id,
        "kind": row.kind,
        "state": row.state,
        "attempts": row.attempts,
        "failure_code": row.failure_code,
        "failure_words": row.failure_words,
        "requested_by": row.requested_by_id,
        "created_date": stamp(row.created_at),
        "began_date": stamp(row.began_at),
        "next_try_date": stamp(row.next_run_at),
        "sent_date": stamp(row.sent_at),
        "ended_date": stamp(row.ended_at),
    }


def note_json(row: Any) -> Json:
    """A row of `queries.beside.notes`; the body of an erased customer's note is gone."""
    note, mentioned, readers = row
    return {
        "pk": note.id,
        "order": note.order_id,
        "author": note.author,
        "staff": note.staff_id,
        "body": note.body,
        "must_read": note.must_read,
        "mentions": sorted(mentioned or ()),
        "read_by": sorted(readers or ()),
        "erased_date": stamp(note.erased_at),
        "created_date": stamp(note.created_at),
    }


def tag_json(row: Tag) -> Json:
    """A word of the house."""
    return {"pk": row.id, "name": row.name, "colour": row.colour, "is_active": row.is_active}


def teamwork_json(order_id: int, team: Teamwork) -> Json:
    """Who looks after an order until when, and its tags."""
    has_person = team.assignee_id is not None
    return {
        "order": order_id,
        "assignee": {"pk": team.assignee_id, "name": team.assignee} if has_person else None,
        "due_on": team.due_on.isoformat() if team.due_on else None,
        "assignment_version": team.version,
        "tags": [{"pk": tag.id, "name": tag.name, "colour": tag.colour} for tag in team.tags],
    }


def entry_json(row: Attention) -> Json:
    """What somebody must look at."""
    return {
        "pk": row.id,
        "kind": row.kind,
        "order": row.order_id,
        "channel": row.channel_id,
        "words": row.words,
        "raised_date": stamp(row.raised_at),
        "closed_date": stamp(row.closed_at),
        "closed_by": row.closed_by_id,
        "closing_words": row.closing_words,
    }


def told_payment_json(told: ToldPayment) -> Json:
    """A payment in its gateway's words; one that could not be asked has `words` and no figures."""
    amount = amounts_in(told.currency) if told.was_told else lambda _amount: None
    return {
        "transaction": told.transaction_id,
        "gateway": told.gateway,
        "words": told.words,
        "standing": told.standing.value if told.was_told else None,
        "currency": told.currency.lower() if told.was_told else None,
        "authorised_amount": amount(told.authorised),
        "captured_amount": amount(told.captured),
        "refunded_amount": amount(told.refunded),
        "refunds": [
            {
                "gateway_ref": each.gateway_ref,
                "amount": amount(each.amount),
                "outcome": each.outcome.value,
                "is_ours": each.is_ours,
                "date": stamp(each.at),
            }
            for each in told.refunds
        ],
    }
