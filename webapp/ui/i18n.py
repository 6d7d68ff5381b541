"""Whose language and whose clock: the signed-in person's, else what the browser asks for."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from babel.support import Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale, get_translations

from webapp.auth.permissions import staff_or_none
from webapp.core.sentences import Sentence

Answer = TypeVar("Answer")

LANGUAGES = {"en": "English", "tr": "Türkçe", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ar"})
DEFAULT_TIME_ZONE = "Europe/Istanbul"


def init_i18n(app: Flask) -> None:
    """Set up Flask-Babel and give templates `language()` and `direction()`."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", DEFAULT_TIME_ZONE)
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "translations")
    _Babel(app, locale_selector=_choose_language, timezone_selector=_choose_time_zone)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=gettext,
        ngettext=lambda one, many, number: catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(language=language, direction=direction)


def language() -> str:
    """The reader's language as a two-letter code: one of LANGUAGES."""
    locale = get_locale()
    return locale.language if locale is not None and locale.language in LANGUAGES else "en"


def once_a_request(name: str, ask: Callable[[], Answer]) -> Answer:
    """What `ask` answers, asked once for everything that this request's answer needs it for."""
    if not has_request_context():
        return ask()
    kept: dict[str, Any] = request.environ.setdefault("kontor.kept", {})
    if name not in kept:
        kept[name] = ask()
    answer: Answer = kept[name]
    return answer


def direction() -> str:
    """`rtl` or `ltr`, for the `dir` attribute."""
    return "rtl" if language() in RIGHT_TO_LEFT else "ltr"


def reader_zone() -> ZoneInfo:
    """The time zone in which this request's reader sees and types times."""
    return _zone(_choose_time_zone() or DEFAULT_TIME_ZONE)


@cache
def time_zone_names() -> tuple[str, ...]:
    """Every zone a person may choose, region by region; the bare abbreviations that tzdata keeps for old systems left out."""
    regions = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return (*sorted(regions), "UTC")


def catalogue() -> Translations:
    """The reader's messages, looked up once: a page says a hundred of them, and Flask-Babel would ask for each."""
    found: Translations = once_a_request("catalogue", get_translations)
    return found


def gettext(message: str, **variables: object) -> str:
    """Flask-Babel's `gettext` by the catalogue of this request; it does not see `force_locale`. For what every page says."""
    if isinstance(message, Sentence):
        return message.in_words(catalogue().ugettext)
    text: str = catalogue().ugettext(message)
    return text % variables if variables else text


class _Domain(Domain):
    """Flask-Babel's catalogue, which also knows sentences of parts: every `gettext` may be given a refusal's message."""

    def gettext(self, string: str, **variables: object) -> str:
        if isinstance(string, Sentence):
            return string.in_words(super().gettext)
        text: str = super().gettext(string, **variables)
        return text


class _Babel(Babel):
    @property
    def domain_instance(self) -> Domain:
        return _Domain(domain=self.domain)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _choose_language() -> str | None:
    if not has_request_context():
        return None
    staff = staff_or_none()
    return staff.language if staff else request.accept_languages.best_match(list(LANGUAGES), "en")


def _choose_time_zone() -> str | None:
    staff = staff_or_none() if has_request_context() else None
    return staff.time_zone if staff else None
