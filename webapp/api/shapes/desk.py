"""What stands beside an order: notes, tags, who looks after it, messages to channels, errands, entries of attention."""

from typing import Final

from webapp.api.shapes.kinds import (
    AMOUNT,
    CURRENCY,
    DAY,
    MOMENT,
    PK,
    QUANTITY,
    TEXT,
    WHOLE,
    YES,
    Shape,
    maybe,
    named,
    one_of,
    page_of,
    record,
    several,
)
from webapp.cargo.carrier import ErrandKind
from webapp.orders.addresses import Side, Way
from webapp.orders.enums import ActionKind, ActionState, AttentionKind
from webapp.payments.gateway import Outcome, Standing

_CHANGE_STATE: Final[Shape] = {"type": "string", "enum": ["waiting", "applied", "refused", "withdrawn"]}
_COLOUR: Final[Shape] = {"type": "string", "enum": ["grey", "blue", "indigo", "green", "amber", "red"]}
# `asked`: the carrier has it and will decide later.
_ERRAND_STATE: Final[Shape] = {"type": "string", "enum": ["waiting", "asked", "done", "refused"]}
_PERSON: Final = record(pk=PK, name=TEXT)
SHAPES: Final[dict[str, Shape]] = {
    "AddressChange": record(
        pk=PK,
        order=PK,
        side=one_of(Side),
        way=one_of((Way.PROPOSE, Way.REDIRECT)),
        state=_CHANGE_STATE,
        address=named("Address"),
        words=TEXT,
        integration_action=maybe(PK),
        can_be_withdrawn=YES,
        requested_by=maybe(PK),
        told_date=maybe(MOMENT),
        created_date=MOMENT,
        ended_date=maybe(MOMENT),
    ),
    "AddressChangePage": page_of("AddressChange"),
    "CargoErrand": record(
        pk=PK,
        order=PK,
        kind=one_of(ErrandKind),
        state=_ERRAND_STATE,
        cargo_company=PK,
        address_change=maybe(PK),
        tracking_number=TEXT,
        attempts=WHOLE,
        words=TEXT,
        created_date=MOMENT,
        sent_date=maybe(MOMENT),
        ended_date=maybe(MOMENT),
    ),
    "CargoErrandPage": page_of("CargoErrand"),
    "IntegrationAction": record(
        pk=PK,
        order=PK,
        order_item=maybe(PK),
        channel=PK,
        kind=one_of(ActionKind),
        state=one_of(ActionState),
        attempts=WHOLE,
        failure_code=maybe(TEXT),
        failure_words=maybe(TEXT),
        requested_by=maybe(PK),
        created_date=MOMENT,
        began_date=maybe(MOMENT),
        next_try_date=maybe(MOMENT),
        sent_date=maybe(MOMENT),
        ended_date=maybe(MOMENT),
    ),
    "IntegrationActionPage": page_of("IntegrationAction"),
    "Note": record(
        pk=PK,
        order=PK,
        author=TEXT,
        staff=maybe(PK),
        body=TEXT,
        must_read=YES,
        mentions=several(PK),
        read_by=several(PK),
        erased_date=maybe(MOMENT),
        created_date=MOMENT,
    ),
    "NotePage": page_of("Note"),
    "Tag": record(pk=PK, name=TEXT, colour=_COLOUR, is_active=YES),
    "TagPage": page_of("Tag"),
    "Teamwork": record(
        order=PK,
        assignee=maybe(_PERSON),
        due_on=maybe(DAY),
        assignment_version=WHOLE,
        tags=several(record(pk=PK, name=TEXT, colour=_COLOUR)),
    ),
    "ColleagueList": record(count=WHOLE, results=several(_PERSON)),
    "StockCount": record(order_item=PK, reserved=QUANTITY),
    "Attention": record(
        pk=PK,
        kind=one_of(AttentionKind),
        order=maybe(PK),
        channel=maybe(PK),
        words=TEXT,
        raised_date=MOMENT,
        closed_date=maybe(MOMENT),
        closed_by=maybe(PK),
        closing_words=TEXT,
    ),
    "AttentionPage": page_of("Attention"),
    "ToldPayment": record(
        transaction=PK,
        gateway=TEXT,
        words=TEXT,
        standing=maybe(one_of(Standing)),
        currency=maybe(CURRENCY),
        authorised_amount=maybe(AMOUNT),
        captured_amount=maybe(AMOUNT),
        refunded_amount=maybe(AMOUNT),
        refunds=several(
            record(
                gateway_ref=TEXT,
                amount=maybe(AMOUNT),
                outcome=one_of(Outcome),
                is_ours=YES,
                date=maybe(MOMENT),
            )
        ),
    ),
    "PaymentHistory": record(
        order=PK,
        operation={"anyOf": [named("Operation"), {"type": "null"}]},
        payments=several(named("ToldPayment")),
    ),
}
