"""How a refund stands, as one would say it: when it was sent, what was said, when we ask again."""

from datetime import datetime
from typing import Final, NamedTuple

from webapp.core.clock import utc_now
from webapp.orders.enums import UNDER_WAY_REFUND_STATES, RefundState, RefundWay
from webapp.orders.queries import plans
from webapp.orders.views.draft_words import way_label
from webapp.payments.models import Refund
from webapp.ui.formatting import short_time, writer
from webapp.ui.i18n import gettext, reader_zone

# Another account for a transfer is entered by finance; what was only reserved was never the customer's to get back.
_ONLY_SO: Final = {RefundWay.TRANSFER.value, RefundWay.RELEASE.value}


class RefundWords(NamedTuple):
    """A refund for its line: state, sentence, and what a person can do about it."""

    row: Refund
    label: str
    dot: str
    way: str
    sentence: str
    can_check: bool
    is_manual: bool
    was_declined: bool
    has_other_ways: bool


def refund_words(refund: plans.RefundState, *, is_replaced: bool) -> RefundWords:
    """The refund in words; `is_replaced`: a newer one has taken the place of this declined one."""
    row = refund.row
    state = RefundState(row.state)
    return RefundWords(
        row=row,
        label=state_label(row),
        dot=state.dot,
        way=way_label(RefundWay(row.way), refund.kind),
        sentence=_sentence(refund, state),
        can_check=state in UNDER_WAY_REFUND_STATES and not refund.is_worked_on,
        is_manual=state is RefundState.MANUAL,
        was_declined=state is RefundState.DECLINED and not is_replaced,
        has_other_ways=row.way not in _ONLY_SO,
    )


def state_label(row: Refund) -> str:
    """Where the refund stands; a refund that the channel was to make was declined by the channel, not by a bank."""
    if row.state == RefundState.DECLINED and row.way == RefundWay.CHANNEL:
        return gettext("Declined by the channel")
    return gettext(RefundState(row.state).label)


def at(moment: datetime) -> str:
    """`10:42` today, else with its day; in the reader's zone."""
    zone = reader_zone()
    is_today = moment.astimezone(zone).date() == utc_now().astimezone(zone).date()
    return writer().clock(moment) if is_today else short_time(moment)


def _sentence(refund: plans.RefundState, state: RefundState) -> str:
    row = refund.row
    match state:
        case RefundState.READY:
            said = gettext("It has not been sent yet.")
        case RefundState.SENDING | RefundState.UNKNOWN:
            said = _sent(row)
        case RefundState.PENDING:
            said = _pending(row)
        case RefundState.SUCCEEDED:
            return _when(row, gettext("Paid back"))
        case RefundState.DECLINED:
            return gettext(
                "It was declined: %(words)s", words=row.last_error or gettext("no reason was given")
            )
        case RefundState.MANUAL:
            return row.last_error or gettext("A person pays it back and enters the evidence.")
        case _:
            return gettext("It was taken back before it was sent.")
    return " ".join(filter(None, (said, _next(refund))))


def _sent(row: Refund) -> str:
    if row.last_sent_at is None:
        return gettext("It is being sent.")
    if row.way == RefundWay.CHANNEL:
        return gettext("Sent to the channel at %(at)s, no answer yet.", at=at(row.last_sent_at))
    return gettext("Sent to the bank at %(at)s, no answer yet.", at=at(row.last_sent_at))


def _pending(row: Refund) -> str:
    if row.last_sent_at is None:
        return gettext("The bank has accepted it and has not paid it out yet.")
    return gettext(
        "Sent at %(at)s; the bank has accepted it and has not paid it out yet.", at=at(row.last_sent_at)
    )


def _when(row: Refund, words: str) -> str:
    return words if row.settled_at is None else gettext("Paid back at %(at)s.", at=at(row.settled_at))


def _next(refund: plans.RefundState) -> str:
    if refund.is_worked_on:
        return gettext("We are asking right now.")
    if refund.next_look_at is None:
        return ""
    if refund.next_look_at <= utc_now():
        return gettext("We ask again in a moment.")
    return gettext("We ask again at %(at)s.", at=at(refund.next_look_at))
