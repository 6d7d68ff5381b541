"""What comes next about one refund: every answer, every lookup, every age, as tables. Nothing here touches a network."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest

from webapp.payments.deciding import (
    KEY_SAFETY_S,
    LONGEST_WAIT_S,
    PENDING_CHECK_S,
    UNKNOWN_TOO_OLD_S,
    Decision,
    SentFacts,
    Step,
    after_answer,
    after_lookup,
    must_look_first,
)
from webapp.payments.gateway import Capabilities, FoundRefund, Lookup, Outcome, RefundAnswer

BACKOFF = (30.0, 120.0, 600.0)
DAY = 86_400.0
KEYS = Capabilities(honours_keys=True, key_window_s=DAY, max_processing_delay_s=60.0)
NO_KEYS = Capabilities(honours_keys=False, max_processing_delay_s=60.0)
NO_PROOF = Capabilities(honours_keys=False, lookup_authoritative=False, max_processing_delay_s=60.0)
ALL = (KEYS, NO_KEYS, NO_PROOF)
NEW = SentFacts(amount=Decimal("42.43"), currency="TRY")
SENT = replace(NEW, first_sent_age_s=100.0, last_sent_age_s=100.0, attempts=1)


def found(outcome: Outcome = Outcome.SUCCEEDED, amount: str = "42.43", currency: str = "TRY") -> FoundRefund:
    return FoundRefund("re_1", "our reference", Decimal(amount), currency, outcome, "pi_1")


@pytest.mark.parametrize(
    ("capabilities", "facts", "looks"),
    [
        (KEYS, NEW, False),
        (KEYS, SENT, True),
        (NO_KEYS, NEW, True),
        (NO_KEYS, SENT, True),
        (NO_PROOF, NEW, True),
        (NO_PROOF, SENT, True),
    ],
)
def test_look_first_when_it_may_have_been_sent_or_nothing_would_catch_a_second(
    capabilities: Capabilities, facts: SentFacts, looks: bool
) -> None:
    assert must_look_first(capabilities, facts) is looks


@pytest.mark.parametrize(
    ("outcome", "step", "wait_s", "pauses"),
    [
        (Outcome.SUCCEEDED, Step.SUCCEEDED, 0.0, False),
        (Outcome.PENDING, Step.PENDING, PENDING_CHECK_S, False),
        (Outcome.ALREADY_REFUNDED, Step.WAIT, 0.0, False),
        (Outcome.CONTRADICTORY, Step.MANUAL, 0.0, False),
        (Outcome.UNABLE, Step.MANUAL, 0.0, False),
        (Outcome.MISCONFIGURED, Step.WAIT, 120.0, True),
        (Outcome.UNKNOWN, Step.WAIT, 120.0, False),
    ],
)
@pytest.mark.parametrize("capabilities", ALL)
def test_answer_when_it_is_each_of_the_outcomes_then_exactly_one_step(
    capabilities: Capabilities, outcome: Outcome, step: Step, wait_s: float, pauses: bool
) -> None:
    decision = after_answer(capabilities, SENT, RefundAnswer(outcome, gateway_ref="re_1"), BACKOFF)
    assert (decision.step, decision.wait_s, decision.pauses_gateway) == (step, wait_s, pauses)


@pytest.mark.parametrize(
    ("capabilities", "facts", "step", "wait_s"),
    [
        pytest.param(KEYS, NEW, Step.DECLINED, 0.0, id="keys, first sending"),
        pytest.param(KEYS, SENT, Step.DECLINED, 0.0, id="keys: it would have repeated its yes"),
        pytest.param(NO_KEYS, NEW, Step.DECLINED, 0.0, id="no keys, first sending"),
        pytest.param(NO_KEYS, SENT, Step.WAIT, 120.0, id="no keys, after a sending without an answer"),
        pytest.param(NO_PROOF, SENT, Step.WAIT, 120.0, id="no keys and no proof, after such a sending"),
        pytest.param(
            replace(NO_KEYS, max_processing_delay_s=900.0), SENT, Step.WAIT, 900.0, id="a long quiet time"
        ),
    ],
)
def test_declined_answer_when_an_earlier_sending_had_none_then_it_is_looked_up_before_it_is_believed(
    capabilities: Capabilities, facts: SentFacts, step: Step, wait_s: float
) -> None:
    decision = after_answer(capabilities, facts, RefundAnswer(Outcome.DECLINED, words="No."), BACKOFF)
    assert (decision.step, decision.wait_s) == (step, wait_s)


RESENT = replace(SENT, first_sent_age_s=5_000.0, last_sent_age_s=61.0, was_resent=True)


@pytest.mark.parametrize("said", ["said_declined", "said_already_refunded"])
@pytest.mark.parametrize(
    ("capabilities", "facts", "lookup", "step"),
    [
        pytest.param(NO_KEYS, RESENT, Lookup(True, (found(),)), Step.SUCCEEDED, id="it was our first"),
        pytest.param(NO_KEYS, RESENT, Lookup(True), Step.MANUAL, id="nothing found: a person looks"),
        pytest.param(NO_PROOF, RESENT, Lookup(True), Step.MANUAL, id="nothing found, no proof"),
        pytest.param(
            NO_KEYS, replace(RESENT, last_sent_age_s=10.0), Lookup(True), Step.WAIT, id="the quiet time first"
        ),
        pytest.param(NO_KEYS, RESENT, Lookup(False), Step.WAIT, id="not asked yet"),
    ],
)
def test_no_after_a_second_sending_without_keys_then_neither_sent_again_nor_booked_as_declined_unseen(
    said: str, capabilities: Capabilities, facts: SentFacts, lookup: Lookup, step: Step
) -> None:
    told = replace(
        facts, said_declined=said == "said_declined", said_already_refunded=said != "said_declined"
    )
    assert after_lookup(capabilities, told, lookup, BACKOFF).step is step


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.PENDING])
@pytest.mark.parametrize(
    ("amount", "currency", "is_believed"),
    [
        pytest.param("42.43", "TRY", True, id="what was asked for"),
        pytest.param("42.4300", "TRY", True, id="written otherwise"),
        pytest.param(None, None, True, id="it does not say"),
        pytest.param(None, "TRY", True, id="the currency alone"),
        pytest.param("42.42", "TRY", False, id="less"),
        pytest.param("100.00", "TRY", False, id="more"),
        pytest.param("42.43", "EUR", False, id="another currency"),
        pytest.param(None, "EUR", False, id="another currency alone"),
        pytest.param("0.00", "TRY", False, id="nothing"),
    ],
)
@pytest.mark.parametrize("capabilities", ALL)
def test_answer_when_something_else_moves_than_was_asked_for_then_a_person_looks_and_nothing_is_booked(
    capabilities: Capabilities, outcome: Outcome, amount: str | None, currency: str | None, is_believed: bool
) -> None:
    moved = None if amount is None else Decimal(amount)
    answer = RefundAnswer(outcome, gateway_ref="re_1", amount=moved, currency=currency)
    decision = after_answer(capabilities, NEW, answer, BACKOFF)
    assert (decision.step, decision.gateway_ref) == (
        Step(outcome.value) if is_believed else Step.MANUAL,
        "re_1",
    )


def test_answer_when_something_else_moves_then_the_words_name_both() -> None:
    answer = RefundAnswer(Outcome.SUCCEEDED, amount=Decimal("100.00"), currency="TRY")
    words = after_answer(KEYS, NEW, answer, BACKOFF).words
    assert words == "The gateway says it pays back 100.00 TRY, we asked for 42.43 TRY."


def test_answer_when_the_table_is_read_then_no_outcome_is_missing() -> None:
    assert {
        outcome: after_answer(KEYS, SENT, RefundAnswer(outcome), BACKOFF).step for outcome in Outcome
    } == {
        Outcome.SUCCEEDED: Step.SUCCEEDED,
        Outcome.PENDING: Step.PENDING,
        Outcome.DECLINED: Step.DECLINED,
        Outcome.ALREADY_REFUNDED: Step.WAIT,
        Outcome.UNKNOWN: Step.WAIT,
        Outcome.CONTRADICTORY: Step.MANUAL,
        Outcome.UNABLE: Step.MANUAL,
        Outcome.MISCONFIGURED: Step.WAIT,
    }


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("capabilities", ALL)
def test_answer_whatever_it_is_then_never_sends_again_without_a_look(
    capabilities: Capabilities, outcome: Outcome
) -> None:
    assert after_answer(capabilities, SENT, RefundAnswer(outcome), BACKOFF).step is not Step.SEND


@pytest.mark.parametrize(
    ("attempts", "retry_after_s", "capabilities", "wait_s"),
    [
        (0, None, KEYS, 30.0),
        (1, None, KEYS, 120.0),
        (2, None, KEYS, 600.0),
        (99, None, KEYS, 600.0),
        (0, 45.0, KEYS, 45.0),
        (1, 45.0, KEYS, 120.0),
        # Without keys nothing is looked up before the gateway can have done it.
        (0, None, NO_KEYS, 60.0),
        (1, None, NO_KEYS, 120.0),
        (0, 61.0, NO_KEYS, 61.0),
        # A wish of years would let the key die, and the customer wait.
        (0, 999_999_999.0, KEYS, LONGEST_WAIT_S),
        (0, 999_999_999.0, NO_KEYS, LONGEST_WAIT_S),
    ],
)
def test_unknown_answer_then_waits_the_longest_of_backoff_wish_and_quiet_period(
    attempts: int, retry_after_s: float | None, capabilities: Capabilities, wait_s: float
) -> None:
    answer = RefundAnswer(Outcome.UNKNOWN, retry_after_s=retry_after_s)
    assert after_answer(capabilities, replace(SENT, attempts=attempts), answer, BACKOFF).wait_s == wait_s


@pytest.mark.parametrize("capabilities", ALL)
@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        (Outcome.SUCCEEDED, Step.SUCCEEDED),
        (Outcome.PENDING, Step.PENDING),
        (Outcome.DECLINED, Step.DECLINED),
        (Outcome.UNKNOWN, Step.MANUAL),
        (Outcome.ALREADY_REFUNDED, Step.MANUAL),
        (Outcome.CONTRADICTORY, Step.MANUAL),
        (Outcome.UNABLE, Step.MANUAL),
        (Outcome.MISCONFIGURED, Step.MANUAL),
    ],
)
def test_lookup_when_it_finds_ours_then_its_outcome_decides(
    capabilities: Capabilities, outcome: Outcome, step: Step
) -> None:
    decision = after_lookup(capabilities, SENT, Lookup(True, (found(outcome),)), BACKOFF)
    assert (decision.step, decision.gateway_ref) == (step, "re_1")


@pytest.mark.parametrize(
    ("amount", "currency"), [("42.44", "TRY"), ("42.42", "TRY"), ("42.43", "EUR"), ("0.00", "TRY")]
)
@pytest.mark.parametrize("outcome", Outcome)
def test_lookup_when_it_finds_other_terms_then_a_person_must_look(
    amount: str, currency: str, outcome: Outcome
) -> None:
    decision = after_lookup(KEYS, SENT, Lookup(True, (found(outcome, amount, currency),)), BACKOFF)
    assert decision.step is Step.MANUAL
    assert decision.words == (f"The gateway has {amount} {currency} under our reference, we sent 42.43 TRY.")


def test_lookup_when_it_finds_the_same_amount_written_longer_then_it_is_ours() -> None:
    decision = after_lookup(KEYS, SENT, Lookup(True, (found(amount="42.4300"),)), BACKOFF)
    assert decision.step is Step.SUCCEEDED


@pytest.mark.parametrize("pair", list(product(Outcome, repeat=2)))
def test_lookup_when_it_finds_two_then_a_person_must_look_whatever_they_are(
    pair: tuple[Outcome, Outcome],
) -> None:
    decision = after_lookup(KEYS, SENT, Lookup(True, tuple(map(found, pair))), BACKOFF)
    assert decision == Decision(Step.MANUAL, "The gateway has 2 refunds with our reference.")


@pytest.mark.parametrize("capabilities", ALL)
@pytest.mark.parametrize(
    ("age_s", "step"),
    [
        (None, Step.WAIT),
        (0.0, Step.WAIT),
        (UNKNOWN_TOO_OLD_S, Step.WAIT),
        (UNKNOWN_TOO_OLD_S + 1, Step.MANUAL),
    ],
)
def test_lookup_when_nobody_answers_then_waits_for_a_day_and_then_asks_a_person(
    capabilities: Capabilities, age_s: float | None, step: Step
) -> None:
    facts = replace(SENT, first_sent_age_s=age_s, last_sent_age_s=age_s)
    assert after_lookup(capabilities, facts, Lookup(False), BACKOFF).step is step


@pytest.mark.parametrize("facts", [NEW, SENT, replace(SENT, first_sent_age_s=10 * DAY)])
def test_lookup_when_access_is_refused_then_waits_and_pauses_the_gateway(facts: SentFacts) -> None:
    decision = after_lookup(KEYS, facts, Lookup(False, words="bad key", access_refused=True), BACKOFF)
    assert (decision.step, decision.pauses_gateway) == (Step.WAIT, True)
    assert decision.words == "The gateway does not accept our access: bad key"


@pytest.mark.parametrize("capabilities", ALL)
def test_not_found_when_it_was_never_sent_then_is_sent(capabilities: Capabilities) -> None:
    assert after_lookup(capabilities, NEW, Lookup(True), BACKOFF) == Decision(Step.SEND)


@pytest.mark.parametrize(
    ("age_s", "step"),
    [
        (0.0, Step.SEND),
        (DAY - KEY_SAFETY_S - 1, Step.SEND),
        (DAY - KEY_SAFETY_S, Step.MANUAL),
        (DAY, Step.MANUAL),
        (10 * DAY, Step.MANUAL),
    ],
)
def test_not_found_when_keys_are_honoured_then_sent_again_only_while_the_key_is_surely_known(
    age_s: float, step: Step
) -> None:
    # The first sending counts: the gateway forgets the key by its first use.
    facts = replace(SENT, first_sent_age_s=age_s, last_sent_age_s=min(age_s, 1.0))
    assert after_lookup(KEYS, facts, Lookup(True), BACKOFF).step is step


@pytest.mark.parametrize(
    ("last_age_s", "decision"),
    [
        (0.0, (Step.WAIT, 60.0)),
        (59.0, (Step.WAIT, 1.0)),
        (60.0, (Step.SEND, 0.0)),
        (61.0, (Step.SEND, 0.0)),
        (30 * DAY, (Step.SEND, 0.0)),
    ],
)
def test_not_found_without_keys_then_sent_again_only_after_the_quiet_period(
    last_age_s: float, decision: tuple[Step, float]
) -> None:
    facts = replace(SENT, first_sent_age_s=40 * DAY, last_sent_age_s=last_age_s)
    made = after_lookup(NO_KEYS, facts, Lookup(True), BACKOFF)
    assert (made.step, made.wait_s) == decision


@pytest.mark.parametrize("last_age_s", [0.0, 61.0, 30 * DAY])
def test_not_found_without_keys_and_without_proof_then_a_person_must_look(last_age_s: float) -> None:
    facts = replace(SENT, last_sent_age_s=last_age_s)
    assert after_lookup(NO_PROOF, facts, Lookup(True), BACKOFF).step is Step.MANUAL


@pytest.mark.parametrize("capabilities", ALL)
def test_not_found_when_it_said_already_refunded_then_it_was_not_us(capabilities: Capabilities) -> None:
    facts = replace(SENT, said_already_refunded=True)
    decision = after_lookup(capabilities, facts, Lookup(True), BACKOFF)
    assert decision == Decision(Step.DECLINED, "The payment was refunded already, but not by us.")


def test_found_when_it_said_already_refunded_then_it_was_us_after_all() -> None:
    facts = replace(SENT, said_already_refunded=True)
    assert after_lookup(KEYS, facts, Lookup(True, (found(),)), BACKOFF).step is Step.SUCCEEDED


def test_sending_again_over_every_combination_then_only_where_it_cannot_pay_twice() -> None:
    """All abilities × ages × looks: a second sending has a key that is remembered, or silence that is proven."""
    ages = (0.0, 59.0, 61.0, DAY - KEY_SAFETY_S - 1, DAY, 10 * DAY)
    abilities = [
        Capabilities(keys, DAY if keys else 0.0, proof, 60.0)
        for keys, proof in product((True, False), repeat=2)
    ]
    lookups = [Lookup(False), Lookup(True), Lookup(False, access_refused=True)]
    lookups += [Lookup(True, (found(outcome),)) for outcome in Outcome]
    sends = 0
    for ability, first, last, lookup, said in product(
        abilities, ages, ages, lookups, ("", "said_already_refunded", "said_declined")
    ):
        facts = replace(SENT, first_sent_age_s=first, last_sent_age_s=last)
        if said:
            facts = replace(facts, said_declined=said == "said_declined", was_resent=True)
            facts = replace(facts, said_already_refunded=said == "said_already_refunded")
        if after_lookup(ability, facts, lookup, BACKOFF).step is not Step.SEND:
            continue
        sends += 1
        assert lookup.answered
        assert not lookup.found
        assert not said
        key_is_known = ability.honours_keys and first < DAY - KEY_SAFETY_S
        silence_is_proven = ability.lookup_authoritative and last >= ability.max_processing_delay_s
        assert key_is_known or silence_is_proven
    # 4 ages with keys × 6 × both kinds of proof, and 4 ages without keys × 6.
    assert sends == 4 * 6 * 2 + 4 * 6
