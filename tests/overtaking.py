"""What whoever is overtaken must read on every form: who was faster, what they did, and when."""

import re

_CLOCK = re.compile(r"\b\d\d:\d\d\b")


def says_who_what_when(page: str, who: str, what: str) -> None:
    """The page names the colleague, their deed and a time; raises AssertionError for what is missing."""
    shown = page.replace("&#39;", "'").replace("&quot;", '"')
    missing = [each for each in (who, what) if each not in shown]
    assert not missing, f"not said: {missing} in {_notice(shown)[:600]}"
    assert _CLOCK.search(_notice(shown)), "no time is said"


def _notice(page: str) -> str:
    """The alerts of the page alone: other times on it prove nothing."""
    alerts = re.findall(r'role="alert".*?(?=</div>|</section>)', page, re.DOTALL)
    return " ".join(alerts) or page
