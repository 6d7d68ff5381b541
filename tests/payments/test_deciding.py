"""What comes next about a refund, from facts alone: the whole table, without a wire."""

from dataclasses import replace
from decimal import Decimal

import pytest

from webapp.payments.deciding import (
    KEY_SAFETY_S,
    PENDING_CHECK_S,
    UNKNOWN_TOO_OLD_S,
    SentFacts,
    Step,
    after_answer,
    after_lookup,
    must_look_first,
)
from webapp.payments.gateway import AccessRefused, Capabilities, FoundRefund, Lookup, Outcome, RefundAnswer

KEYS = Capabilities(honours_keys=True, key_window_s=24 * 3600.0, max_processing_delay_s=60.0)
NO_KEYS = Capabilities(honours_keys=False, max_processing_delay_s=300.0)
BACKOFF = (30.0, 120.0, 600.0)
NEW = SentFacts(Decimal("10.00"), "TRY")
SENT = replace(NEW, first_sent_age_s=100.0, last_sent_age_s=100.0, attempts=1)
FOUND = FoundRefund("re_1", "r", Decimal("10.00"), "TRY", Outcome.SUCCEEDED, "pi_1")
NOTHING = Lookup(answered=True)


def test_only_the_first_sending_with_a_key_needs_no_look_before() -> None:
    assert not must_look_first(KEYS, NEW)
    assert must_look_first(KEYS, SENT)
    assert must_look_first(NO_KEYS, NEW)


@pytest.mark.parametrize(
    ("capabilities", "facts", "step"),
    [
        (KEYS, NEW, Step.SEND),
        (NO_KEYS, NEW, Step.SEND),
        (KEYS, SENT, Step.SEND),
        # The key may be forgotten soon: a second sending with it could pay twice.
        (KEYS, replace(SENT, first_sent_age_s=KEYS.key_window_s - KEY_SAFETY_S + 1), Step.MANUAL),
        (KEYS, replace(SENT, first_sent_age_s=KEYS.key_window_s - KEY_SAFETY_S - 1), Step.SEND),
        # It may still be on its way.
        (NO_KEYS, replace(SENT, last_sent_age_s=299.0), Step.WAIT),
        (NO_KEYS, replace(SENT, last_sent_age_s=301.0), Step.SEND),
        (replace(NO_KEYS, lookup_authoritative=False), replace(SENT, last_sent_age_s=9999.0), Step.MANUAL),
        (KEYS, replace(SENT, said_already_refunded=True), Step.DECLINED),
    ],
)
def test_a_refund_that_is_not_found_is_sent_only_where_that_cannot_pay_twice(
    capabilities: Capabilities, facts: SentFacts, step: Step
) -> None:
    assert after_lookup(capabilities, facts, NOTHING, BACKOFF).step is step


@pytest.mark.parametrize(
    ("found", "step"),
    [
        ((FOUND,), Step.SUCCEEDED),
        ((replace(FOUND, outcome=Outcome.PENDING),), Step.PENDING),
        ((replace(FOUND, outcome=Outcome.DECLINED),), Step.DECLINED),
        ((replace(FOUND, outcome=Outcome.UNKNOWN),), Step.MANUAL),
        ((replace(FOUND, amount=Decimal("10.01")),), Step.MANUAL),
        ((replace(FOUND, currency="EUR"),), Step.MANUAL),
        ((FOUND, replace(FOUND, gateway_ref="re_2")), Step.MANUAL),
    ],
)
def test_what_the_books_say_is_believed_if_it_is_what_was_sent(
    found: tuple[FoundRefund, ...], step: Step
) -> None:
    for capabilities in (KEYS, NO_KEYS):
        assert after_lookup(capabilities, SENT, Lookup(answered=True, found=found), BACKOFF).step is step


def test_books_that_cannot_be_asked_are_asked_again_for_a_day() -> None:
    silent = Lookup(answered=False, words="No answer.")
    first = after_lookup(KEYS, SENT, silent, BACKOFF)
    assert (first.step, first.wait_s) == (Step.WAIT, 120.0)
    late = after_lookup(KEYS, replace(SENT, attempts=99), silent, BACKOFF)
    assert late.wait_s == 600.0
    old = replace(SENT, first_sent_age_s=UNKNOWN_TOO_OLD_S + 1)
    assert after_lookup(KEYS, old, silent, BACKOFF).step is Step.MANUAL
    assert after_lookup(NO_KEYS, NEW, silent, BACKOFF).step is Step.WAIT


def test_an_access_that_is_refused_pauses_the_gateway_and_harms_no_refund() -> None:
    refused = Lookup.unanswered(AccessRefused("Wrong key."))
    decision = after_lookup(KEYS, SENT, refused, BACKOFF)
    assert (decision.step, decision.pauses_gateway) == (Step.WAIT, True)
    answer = RefundAnswer(Outcome.MISCONFIGURED, words="Wrong key.")
    decision = after_answer(KEYS, SENT, answer, BACKOFF)
    assert (decision.step, decision.pauses_gateway) == (Step.WAIT, True)


@pytest.mark.parametrize(
    ("outcome", "step", "wait_s"),
    [
        (Outcome.SUCCEEDED, Step.SUCCEEDED, 0.0),
        (Outcome.PENDING, Step.PENDING, PENDING_CHECK_S),
        (Outcome.DECLINED, Step.DECLINED, 0.0),
        (Outcome.ALREADY_REFUNDED, Step.WAIT, 0.0),
        (Outcome.UNKNOWN, Step.WAIT, 30.0),
        (Outcome.CONTRADICTORY, Step.MANUAL, 0.0),
        (Outcome.UNABLE, Step.MANUAL, 0.0),
    ],
)
def test_each_answer_leads_to_one_step(outcome: Outcome, step: Step, wait_s: float) -> None:
    decision = after_answer(KEYS, NEW, RefundAnswer(outcome, words="Words."), BACKOFF)
    assert (decision.step, decision.wait_s) == (step, wait_s)


def test_every_outcome_has_its_step() -> None:
    for outcome in Outcome:
        for capabilities in (KEYS, NO_KEYS):
            assert after_answer(capabilities, SENT, RefundAnswer(outcome), BACKOFF).step in Step


def test_a_gateway_without_keys_is_left_alone_for_as_long_as_it_may_take() -> None:
    answer = RefundAnswer(Outcome.UNKNOWN)
    assert after_answer(NO_KEYS, NEW, answer, BACKOFF).wait_s == 300.0
    asked = RefundAnswer(Outcome.UNKNOWN, retry_after_s=4000.0)
    assert after_answer(NO_KEYS, NEW, asked, BACKOFF).wait_s == 4000.0
    assert after_answer(KEYS, NEW, asked, BACKOFF).wait_s == 4000.0
