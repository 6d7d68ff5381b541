"""Refusals in the reader's language: English as they are, and by a catalogue with names and amounts left alone."""

import copy
import json

import pytest

from webapp.core.errors import TransitionNotAllowed
from webapp.core.sentences import alternatives, enumeration, mid_sentence, one_after_another, said
from webapp.orders.enums import OrderStatus
from webapp.orders.states import check_item_move, check_order_move

TURKISH = {
    "%(subject)s is %(current)s and cannot become %(target)s.": "%(subject)s şu anda %(current)s; %(target)s olamaz.",
    "%(status)s (%(code)s)": "%(status)s (%(code)s)",
    "Nothing was moved.": "Hiçbir şey taşınmadı.",
    "That is final.": "Bu son durumdur.",
    "The item": "Ürün",
    "Cancelled": "İptal edildi",
    "Shipped": "Kargolandı",
    "Open a return.": "İade açın.",
    "%(some)s or %(last)s": "%(some)s ya da %(last)s",
}


def turkish(message: str) -> str:
    return TURKISH.get(message, message)


def refusal_of(subject: str | None = None) -> TransitionNotAllowed:
    with pytest.raises(TransitionNotAllowed) as refused:
        if subject is None:
            check_item_move(OrderStatus.CANCELLED, OrderStatus.SHIPPED)
        else:
            check_order_move([(subject, OrderStatus.DELIVERED)], OrderStatus.PREPARING)
    return refused.value


def test_refusal_when_read_by_a_program_then_plain_english() -> None:
    message = refusal_of().message

    assert message == "The item is cancelled (100) and cannot become shipped (500). That is final."
    assert json.dumps(message) == f'"{message}"'


def test_refusal_when_read_in_turkish_then_every_part_is() -> None:
    message = refusal_of().message

    words = message.in_words(turkish)  # type: ignore[attr-defined]

    assert words == "Ürün şu anda İptal edildi (100); Kargolandı (500) olamaz. Bu son durumdur."


def test_refusal_when_an_item_is_called_as_something_that_is_translated_then_its_name_stays() -> None:
    message = refusal_of("Shipped").message

    words = message.in_words(turkish)  # type: ignore[attr-defined]

    assert words.startswith("Hiçbir şey taşınmadı. Shipped şu anda ")


def test_sentence_when_a_name_has_percent_signs_then_they_stay() -> None:
    sentence = one_after_another(
        [said("Choose a reason for %(item)s.", item="100% cotton %(x)s"), "", "50%."]
    )

    assert sentence == "Choose a reason for 100% cotton %(x)s. 50%."
    assert sentence.in_words(turkish) == sentence


@pytest.mark.parametrize(
    ("words", "either", "both"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a or b", "a and b"),
        (["a", "b", "c"], "a, b or c", "a, b and c"),
    ],
)
def test_lists_when_joined_then_as_people_say_them(words: list[str], either: str, both: str) -> None:
    assert (alternatives(words), enumeration(words)) == (either, both)


def test_sentence_when_copied_then_still_one() -> None:
    label = mid_sentence("Shipped")

    twin = copy.deepcopy(said("It is %(status)s.", status=label))

    assert (twin, twin.in_words(turkish)) == ("It is shipped.", "It is Kargolandı.")


def test_a_sentence_when_read_in_english_then_labels_within_it_stay_small_and_nothing_stays_nothing() -> None:
    sentence = said("It is %(status)s.", status=mid_sentence("Shipped"))

    assert sentence.in_words(lambda message: message) == "It is shipped."
    assert enumeration([]).in_words(lambda message: message or "Content-Type: text/plain") == ""
