"""What a form says on top when a colleague has overtaken it: who, what and when, in the reader's language and clock."""

from datetime import datetime

from webapp.core.errors import Conflict
from webapp.ui.formatting import writer
from webapp.ui.i18n import gettext


def notice_of(refused: Conflict) -> str:
    """The refusal's sentence, and behind it when and what; those only where the log knows them."""
    sentence = gettext(refused.message)
    at, what = refused.details.get("changed_at"), refused.details.get("change")
    if not isinstance(at, str):
        return sentence
    time = writer().short(datetime.fromisoformat(at))
    if not what:
        return f"{sentence} {gettext('It happened on %(time)s.', time=time)}"
    return f"{sentence} {gettext('Changed on %(time)s: %(what)s.', time=time, what=what)}"
