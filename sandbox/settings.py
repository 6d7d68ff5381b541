"""The switches of a server, kept in its state file."""

import json
from typing import Any

from sandbox.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
WEBHOOK_DEFAULTS: dict[str, Any] = {
    "webhook_hold": False,  # events wait until they are released
    "webhook_order": "in_order",  # or reversed, shuffled: how waiting events go out
    "webhook_copies": 1,  # how often each event is sent; 0 loses them all
}
ORDERS = ("in_order", "reversed", "shuffled")


class Settings:
    def __init__(self, database: Database, defaults: dict[str, Any]) -> None:
        self._database = database
        self._defaults = defaults
        with database.reading() as connection:
            connection.executescript(SCHEMA)
            rows = connection.execute("SELECT name, value FROM setting").fetchall()
        self._values = defaults | {row["name"]: json.loads(row["value"]) for row in rows}

    def all(self) -> dict[str, Any]:
        return dict(self._values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def change(self, wanted: dict[str, Any]) -> None:
        """Raises ValueError for a switch that does not exist or a value of another kind."""
        checked = {name: self._checked(name, value) for name, value in wanted.items()}
        with self._database.writing() as connection:
            for name, value in checked.items():
                connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))
        self._values = self._values | checked

    def _checked(self, name: str, value: Any) -> Any:
        if name not in self._defaults:
            raise ValueError(f"There is no switch {name}; there are {', '.join(self._defaults)}.")
        if name == "webhook_order" and value not in ORDERS:
            raise ValueError(f"webhook_order is one of {', '.join(ORDERS)}.")
        default = self._defaults[name]
        if isinstance(default, bool):
            return _as_flag(name, value)
        try:
            return type(default)(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be like {default!r}.") from None


def _as_flag(name: str, value: Any) -> bool:
    """True and false, also as a form writes them."""
    word = str(value).lower()
    if word not in ("true", "false", "on", "off", "1", "0"):
        raise ValueError(f"{name} is true or false.")
    return word in ("true", "on", "1")
