"""S27: whatever customers, shops and colleagues write, a page has the very elements that it has for plain words."""

from collections import Counter
from html.parser import HTMLParser

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.factories import item, make_channel, make_customer, make_entry, make_note, make_order

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '" autofocus onfocus=alert(1) x="',
    '" hx-get="/operations/" hx-trigger="load',
    "' hx-on:click='alert(1)",
    "<div hx-get=/x hx-trigger=load></div>",
    "<a href=javascript:alert(1)>x</a>",
    "<iframe src=javascript:alert(1)>",
    "<object data=data:text/html,x>",
    "<embed src=//example.com/x>",
    "<base href=//example.com/>",
    "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet href=//example.com/x>",
    "<style>*{display:none}</style>",
    "<form action=//example.com><input name=q>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<template><script>1</script></template>",
    "<math><mtext><script>1</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "{{ 7 * 7 }}<b>x</b>",
    "&lt;script&gt;<b>x</b>&#60;script&#62;",
)


class Elements(HTMLParser):
    """Every element with the names of its attributes, counted; addresses that run code are told apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[tuple[str, ...]] = Counter()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        runs = [name for name, value in attrs if (value or "").strip().lower().startswith("javascript:")]
        self.found[tag, *sorted(name for name, _ in attrs), *runs] += 1


def pages(app: Flask, session: Session, words: str) -> dict[str, Counter[tuple[str, ...]]]:
    """The pages of one order whose every text is this."""
    shop = make_channel(session, f"{words} shop"[:80])
    customer = make_customer(session, shop, first_name=words, last_name=words)
    rows = [item("10.00", name=words, sku=words[:60], attributes={words[:40]: words})]
    order = make_order(session, shop, customer=customer, items=rows, notes=words)
    make_note(session, order, words, author=words[:80])
    make_entry(session, order, words, tag="order.address.changed", changes={"line1": [words, words]})
    session.commit()
    desk = at_desk(app)
    urls = {"list": "/orders/", "order": f"/orders/{order.id}", "customer": f"/customers/{customer.id}"}
    answers = {name: desk.get(url) for name, url in urls.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(urls, 200)
    return {name: Elements(answer.text).found for name, answer in answers.items()}


def test_thirty_payloads_are_tried() -> None:
    assert len(set(PAYLOADS)) == 30


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_page_when_every_text_is_an_attack_then_no_element_and_no_attribute_more(
    app: Flask, session: Session, payload: str
) -> None:
    # As long as the attack, for what is cut, and without a letter that means anything.
    plain = pages(app, session, "x" * len(payload))
    hostile = pages(app, session, payload)

    assert hostile["order"] == plain["order"]
    assert hostile["customer"] == plain["customer"]
    # The list has both orders by then: every row twice, and nothing that came but once.
    rows = {element: count for element, count in hostile["list"].items() if count != plain["list"][element]}
    assert [element for element, count in rows.items() if plain["list"][element] == 0] == []


def test_control_when_a_text_is_not_escaped_then_its_elements_are_found() -> None:
    clean, open_door = Elements("<p>x</p>"), Elements(f"<p>{PAYLOADS[1]}</p>")

    assert clean.found != open_door.found
