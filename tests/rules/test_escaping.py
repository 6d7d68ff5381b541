"""What goes out into a page is escaped as Jinja and MarkupSafe would, whatever it is and however it gets there."""

from enum import StrEnum

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from webapp.ui.escaping import PageCode, escaped

SCRIPT = """<script>alert("1 & 1");'</script>"""


class _Tag(StrEnum):
    BOLD = "<b>"


class _Icon:
    def __html__(self) -> str:
        return "<i></i>"

    def __str__(self) -> str:
        return SCRIPT


@pytest.mark.parametrize(
    "value", [SCRIPT, Markup("<b>"), _Tag.BOLD, _Icon(), 7, None, "", ["<", "&"], "İ < ş"]
)
def test_escaped_when_anything_is_given_then_as_markupsafe_has_it(value: object) -> None:
    assert escaped(value) == escape(value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ value }}",
        "{{ value|upper }} {{ 'x' ~ value }}",
        "{% macro said(text) %}[{{ text }}]{% endmacro %}{{ said(value) }}{{ said(said(value)) }}",
        "{% macro around() %}({{ caller() }}){% endmacro %}{% call around() %}{{ value }}{% endcall %}",
        "{% set text %}{{ value }}{% endset %}{{ text }}",
        "{% filter upper %}{{ value }}{% endfilter %}",
        "{% include 'part.html' %}{% from 'macros.html' import shout with context %}{{ shout() }}",
        "{% extends 'base.html' %}{% block body %}{{ value }}{{ super() }}{% endblock %}",
        "{% autoescape false %}{{ value }}{% endautoescape %}{{ value }}",
        "{% for piece in [value, value|safe] %}{{ piece }}{% endfor %}{{ value if value else '' }}",
    ],
)
def test_page_when_a_value_takes_any_way_into_it_then_it_looks_as_without_us(template: str) -> None:
    assert _rendered(template, PageCode) == _rendered(template, None)


def test_page_when_a_value_is_missing_then_it_says_so() -> None:
    with pytest.raises(UndefinedError):
        _rendered("{{ missing }}", PageCode)


def _rendered(template: str, code: type[PageCode] | None) -> str:
    templates = {
        "page.html": template,
        "part.html": "<p>{{ value }}</p>",
        "macros.html": "{% macro shout() %}{{ value }}!{% endmacro %}",
        "base.html": "<main>{% block body %}{{ value }}{% endblock %}</main>",
    }
    environment = Environment(loader=DictLoader(templates), autoescape=True, undefined=StrictUndefined)
    if code is not None:
        environment.code_generator_class = code
    return environment.get_template("page.html").render(value=SCRIPT)
