"""Plans, wishes, reasons, payments and refunds as the API writes them where they stand alone."""

from typing import Any

from webapp.orders.cancellation import CancellationDraft, PlanDraft
from webapp.orders.enums import OrderStatus
from webapp.orders.models import CancellationReason, CancellationRequest
from webapp.orders.queries.detail import Payment
from webapp.orders.queries.record import RecordedPlan
from webapp.orders.serializers import amounts_in, payment_json, plan_json, stamp
from webapp.payments.models import Refund

Json = dict[str, Any]


def transaction_json(payment: Payment) -> Json:
    """A payment with the order it is of."""
    return {**payment_json(payment), "order": payment.row.order_id, "kind": payment.row.kind}


def refund_json(row: Refund) -> Json:
    """A refund; where its money goes to is not told."""
    amount = amounts_in(row.currency)
    return {
        "pk": str(row.id),
        "order": row.order_id,
        "cancellation_plan": row.plan_id,
        "transaction": row.transaction_id,
        "way": row.way,
        "amount": amount(row.amount),
        "currency": row.currency.lower(),
        "state": row.state,
        "remote_id": row.remote_id,
        "gateway": row.gateway,
        "gateway_ref": row.gateway_ref,
        "reason": row.reason,
        "evidence": row.evidence,
        "has_payee": row.payee_id is not None,
        "first_sent_date": stamp(row.first_sent_at),
        "settled_date": stamp(row.settled_at),
        "created_date": stamp(row.created_at),
    }


def cancellation_plan_json(plan: RecordedPlan) -> Json:
    """A plan with everything about its opening and decision."""
    row = plan.row
    amount = amounts_in(row.currency)
    return {
        **plan_json(plan),
        "order": row.order_id,
        "group": str(row.group_id),
        "origin": row.origin,
        "next_status": None if row.next_status is None else OrderStatus(row.next_status).wire,
        "adjustment_amount": amount(row.adjustment_amount),
        "adjustment_reason": row.adjustment_reason,
        "owed_amount": amount(row.owed_amount),
        "released_amount": amount(row.released_amount),
        "shipping_policy": row.shipping_policy,
        "opened_by": row.opened_by_id,
        "decided_by": row.decided_by_id,
        "decided_date": stamp(row.decided_at),
        "decision_words": row.decision_words,
        "closed_date": stamp(row.closed_at),
    }


def request_json(row: CancellationRequest) -> Json:
    """A wish to cancel one item."""
    return {
        "pk": row.id,
        "order": row.order_id,
        "order_item": row.order_item_id,
        "cancellation_plan": row.plan_id,
        "remote_id": row.remote_id,
        "status": row.status,
        "origin": row.origin,
        "reason": row.reason_id,
        "reason_text": row.reason_text,
        "quantity": f"{row.quantity.normalize():f}",
        "decided_date": stamp(row.decided_at),
        "created_date": stamp(row.created_at),
    }


def reason_json(row: CancellationReason) -> Json:
    """A reason that can be chosen."""
    names = ("slug", "name", "plan_kind", "needs_text", "is_active", "sort_order")
    return {"pk": row.id, **{name: getattr(row, name) for name in names}}


def diagnosis_json(draft: CancellationDraft, currency: str) -> Json:
    """What a cancellation would come to, and what stands in its way."""
    return {
        "plans": [_drafted(plan, currency) for plan in draft.plans],
        "problems": [
            {
                "code": problem.code.value,
                "message": problem.message,
                "severity": problem.severity.value,
                "item": problem.item_key,
                "field": problem.field or None,
            }
            for problem in draft.problems
        ],
    }


def _drafted(plan: PlanDraft, currency: str) -> Json:
    amount = amounts_in(currency)
    return {
        "kind": plan.kind.value,
        "currency": currency.lower(),
        "computed_amount": amount(plan.computed_amount),
        "refund_amount": amount(plan.refund_amount),
        "shipping_amount": amount(plan.shipping_amount),
        "owed_amount": amount(plan.owed),
        "released_amount": amount(plan.released),
        "items": [
            {
                "order_item": line.item_key,
                "quantity": f"{line.quantity.normalize():f}",
                "refund_amount": amount(line.refund),
            }
            for line in plan.lines
        ],
        "tenders": [
            {"transaction": part.tender_key, "way": part.way.value, "amount": amount(part.amount)}
            for part in plan.tenders
        ],
    }
