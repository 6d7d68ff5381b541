"""A disk without room, ours or the database's: told apart from every other failure, because an operator can mend it."""

import errno
from typing import Final

from webapp.core.text import N_

NO_ROOM: Final = N_("The server's disk is full. Nothing was saved; it can be done again once there is room.")
_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_SQLSTATE: Final = "53100"  # disk_full, PostgreSQL's manual, appendix A


def is_out_of_room(error: BaseException) -> bool:
    """Whether this says that a disk is full: the system's own error, or what SQLAlchemy has wrapped of PostgreSQL's."""
    if isinstance(error, OSError):
        return error.errno in _ERRNOS
    return getattr(getattr(error, "orig", None), "sqlstate", None) == _SQLSTATE
