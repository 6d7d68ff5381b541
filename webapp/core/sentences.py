"""Sentences that are put together from parts and can still be said in the reader's language.

A rule says `said(N_("%(item)s is %(status)s already."), item=name, status=mid_sentence(status.label))`. That is a plain
English `str` for programs, logs and the audit; where people read it, the page's `gettext` takes the template and the
parts that are sentences themselves to the catalogue. Names and amounts are plain strings and stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from webapp.core.text import N_


class Sentence(str):
    """English text that remembers its template and its parts."""

    template: str
    parts: Mapping[str, object]

    def __new__(cls, template: str, parts: Mapping[str, object], text: str | None = None) -> "Sentence":
        english = (template % parts if parts else template) if text is None else text
        sentence = super().__new__(cls, english)
        sentence.template, sentence.parts = template, dict(parts)
        return sentence

    def __getnewargs__(self) -> tuple[Any, ...]:  # so that a copy or a pickle is one, too
        return self.template, self.parts, str(self)

    def in_words(self, translate: Callable[[str], str]) -> str:
        """The sentence by this catalogue; a template that it does not know stays English."""
        template = (
            translate(self.template) if self.template else ""
        )  # a catalogue answers "" with its own head
        if not self.parts:
            return str(self) if template == self.template else template
        parts = {
            name: part.in_words(translate) if isinstance(part, Sentence) else part
            for name, part in self.parts.items()
        }
        return template % parts


def said(template: str, **parts: object) -> Sentence:
    """A sentence of a template that N_ has marked."""
    return Sentence(template, parts)


def mid_sentence(label: str) -> Sentence:
    """A label that N_ has marked, amid a sentence: English writes it small, the catalogue has it as it is."""
    return Sentence(label, {}, label[:1].lower() + label[1:])


def one_after_another(sentences: Iterable[str]) -> Sentence:
    """Several sentences in a row; empty ones are left out."""
    return _joined([each for each in sentences if each], " ")


def alternatives(words: Sequence[str]) -> Sentence:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return _joined(words, "")
    return said(N_("%(some)s or %(last)s"), some=_joined(words[:-1], ", "), last=words[-1])


def enumeration(words: Sequence[str]) -> Sentence:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return _joined(words, "")
    return said(N_("%(some)s and %(last)s"), some=_joined(words[:-1], ", "), last=words[-1])


def _joined(words: Sequence[str], between: str) -> Sentence:
    parts = {f"part{at}": word for at, word in enumerate(words)}
    return Sentence(between.join(f"%({name})s" for name in parts), parts)
