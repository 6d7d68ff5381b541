"""The parameters of the order list, checked and read as WordPress does it."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from sandbox.shop.problems import invalid_parameters

STATUSES = (
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
    "kargoya-verildi",
)
FILTERS = ("any", "trash", *STATUSES)
ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
DATES = ("after", "before", "modified_after", "modified_before")
DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?$")
MAX_PER_PAGE = 100


@dataclass(frozen=True)
class OrderQuery:
    """`dates` are texts in the shop's own time or GMT, to be compared with the column of that name."""

    statuses: tuple[str, ...]
    dates: dict[str, str]
    dates_are_gmt: bool
    include: tuple[int, ...]
    exclude: tuple[int, ...]
    page: int
    per_page: int
    offset: int | None
    order_by: str
    descending: bool
    customer: int | None
    product: int | None
    search: str
    decimals: int | None

    @property
    def start(self) -> int:
        return self.offset if self.offset is not None else (self.page - 1) * self.per_page

    @property
    def shows_everything(self) -> bool:
        return "any" in self.statuses


class _Reader:
    """Collects every problem, since the API answers them together."""

    def __init__(self, args: "MultiDict[str, str]", zone: ZoneInfo) -> None:
        self.args = args
        self.zone = zone
        self.problems: dict[str, tuple[str, str]] = {}

    def refuse(self, name: str, code: str, message: str) -> None:
        self.problems.setdefault(name, (code, message))

    def number(self, name: str, default: int, low: int, high: int | None = None) -> int:
        text = self.args.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?\d+", text):
            self.refuse(name, "rest_invalid_type", f"{name} is not of type integer.")
            return default
        value = int(text)
        if high is not None and not low <= value <= high:
            words = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            self.refuse(name, "rest_out_of_bounds", words)
        elif value < low:
            self.refuse(name, "rest_out_of_bounds", f"{name} must be greater than or equal to {low}")
        return value

    def optional_number(self, name: str) -> int | None:
        return self.number(name, 0, 0) if name in self.args else None

    def flag(self, name: str) -> bool:
        text = self.args.get(name, "false").lower()
        if text not in ("true", "false", "1", "0", ""):
            self.refuse(name, "rest_invalid_type", f"{name} is not of type boolean.")
        return text in ("true", "1")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.args.get(name, default)
        if value not in allowed:
            self.refuse(name, "rest_not_in_enum", f"{name} is not one of {_spoken(allowed)}.")
        return value

    def many(self, name: str) -> list[str]:
        """`name=a,b`, `name[]=a&name[]=b` and `name[0]=a` mean the same."""
        values = [
            value
            for given, value in self.args.items(multi=True)
            if given == name or re.fullmatch(re.escape(name) + r"\[\d*\]", given)
        ]
        return [piece for value in values for piece in re.split(r"[\s,]+", value) if piece]

    def numbers(self, name: str) -> tuple[int, ...]:
        values = self.many(name)
        for place, value in enumerate(values):
            if not value.isdigit():
                self.refuse(name, "rest_invalid_type", f"{name}[{place}] is not of type integer.")
        return tuple(int(value) for value in values if value.isdigit())

    def statuses(self) -> tuple[str, ...]:
        values = self.many("status") or ["any"]
        for place, value in enumerate(values):
            if value not in FILTERS:
                words = f"status[{place}] is not one of {_spoken(FILTERS)}."
                self.refuse("status", "rest_not_in_enum", words)
        return tuple(values)

    def date(self, name: str) -> str:
        """The moment in the shop's own time; one that names a zone is turned into it first.

        So `...Z` together with dates_are_gmt is off by the shop's offset: the real shop does that too.
        """
        text = self.args[name].replace(" ", "+") if "T" in self.args[name] else self.args[name]
        if not DATE_TIME.match(text):
            self.refuse(name, "rest_invalid_date", "Invalid date.")
            return ""
        try:
            moment = datetime.fromisoformat(text.upper())
        except ValueError:
            self.refuse(name, "rest_invalid_date", "Invalid date.")
            return ""
        local = moment.astimezone(self.zone) if moment.tzinfo else moment
        return local.strftime("%Y-%m-%dT%H:%M:%S")


def read_query(args: "MultiDict[str, str]", zone: ZoneInfo) -> OrderQuery:
    """Raises Refusal (400) that names every wrong parameter."""
    reader = _Reader(args, zone)
    query = OrderQuery(
        statuses=reader.statuses(),
        dates={name: reader.date(name) for name in DATES if args.get(name)},
        dates_are_gmt=reader.flag("dates_are_gmt"),
        include=reader.numbers("include"),
        exclude=reader.numbers("exclude"),
        page=reader.number("page", 1, 1),
        per_page=reader.number("per_page", 10, 1, MAX_PER_PAGE),
        offset=reader.optional_number("offset"),
        order_by=reader.choice("orderby", "date", ORDER_BY),
        descending=reader.choice("order", "desc", ("asc", "desc")) == "desc",
        customer=reader.optional_number("customer"),
        product=reader.optional_number("product"),
        search=args.get("search", "").strip().lower(),
        decimals=reader.optional_number("dp"),
    )
    if reader.problems:
        raise invalid_parameters(reader.problems)
    return query


def _spoken(allowed: tuple[str, ...]) -> str:
    return ", ".join(allowed[:-1]) + f", and {allowed[-1]}"
