"""The form that opens a cancellation: which items, why, how much goes back, and how.

Its fields carry the names at which the rules report a problem (`items-7`, `reason-7`, `forced_refund_amount`), so that
every sentence of a refusal finds its place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from webapp.core.errors import InvalidInput
from webapp.core.money import parse_amount
from webapp.orders.cancellation import CancelItem, CancelRequest, Problem, ReasonChoice, Severity
from webapp.orders.enums import PlanKind, RefundWay, ShippingPolicy

LONGEST_WORDS: Final = 1000
_SHIPPING: Final = ("", *(policy.value for policy in ShippingPolicy))


@dataclass(frozen=True, slots=True)
class Choosable:
    """An item that the form offers; `units` is how many can be chosen one by one, 0 when only the whole."""

    key: int
    kind: PlanKind
    units: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as the form offers it."""

    key: int
    kind: PlanKind
    name: str
    needs_text: bool


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


def _words(label: Any, longest: int = LONGEST_WORDS) -> StringField:
    return StringField(label, filters=[_trimmed], validators=[Length(max=longest)])


class CancelForm(FlaskForm):
    """What every order's form has; `cancel_form` adds the fields of its items and reasons.

    `version` is the order's when the form was drawn, `seen` the newest audit entry of it: what came later is told.
    """

    version = HiddenField()
    seen = HiddenField()
    # With defaults: an order without a fee, or whose money needs no bank, shows neither and sends neither.
    shipping = SelectField(lazy_gettext("Shipping fee"), default="")
    forced_refund_amount = _words(lazy_gettext("Pay back another amount"), 30)
    adjustment_reason = _words(lazy_gettext("Why another amount"))
    fallback = SelectField(
        lazy_gettext("What its payment cannot carry goes back"), default=RefundWay.TRANSFER.value
    )
    ibans = _words(lazy_gettext("IBAN"), 60)
    holder_names = _words(lazy_gettext("Account holder"), 140)

    choosable: Sequence[Choosable]
    reasons: Mapping[int, Reason]
    currency: str

    def tick_only(self, keys: Collection[int]) -> None:
        """Tick these items alone; all stay ticked where none of them is offered."""
        if any(item.key in keys for item in self.choosable):
            for item in self.choosable:
                self[f"items-{item.key}"].data = item.key in keys

    @property
    def expected_version(self) -> int | None:
        """The version of the order that the reader has seen."""
        return _number(self.version.data)

    @property
    def seen_entry(self) -> int:
        """The newest audit entry that the reader has seen."""
        return _number(self.seen.data) or 0

    def taken(self) -> list[Choosable]:
        """The items that are ticked."""
        return [item for item in self.choosable if self[f"items-{item.key}"].data]

    def to_input(self) -> CancelRequest:
        """What the service takes. Raises InvalidInput for what is no number, and when nothing is ticked.

        Where nothing can be ticked the service says why.
        """
        taken = self.taken()
        if not taken and self.choosable:
            raise InvalidInput(
                gettext("Tick what is to be cancelled."),
                fields={"items": [gettext("Tick what is to be cancelled.")]},
            )
        items = tuple(self._item(item) for item in taken)
        is_all = len(items) == len(self.choosable) and not any(item.quantity or item.reason for item in items)
        return CancelRequest(
            items=() if is_all else items,
            is_all=is_all,
            reasons=tuple(filter(None, (self._reason_of_kind(kind) for kind in PlanKind))),
            shipping=ShippingPolicy(self.shipping.data) if self.shipping.data else None,
            forced_refund_amount=self._forced(),
            adjustment_reason=self.adjustment_reason.data or "",
            fallback=RefundWay(self.fallback.data or RefundWay.TRANSFER),
            ibans=(self.ibans.data,) if self.ibans.data else (),
            holder_names=(self.holder_names.data,) if self.holder_names.data else (),
        )

    def refuse(self, fields: Mapping[str, Sequence[str]]) -> None:
        """Write each sentence at its field; one that stands nowhere goes to the form."""
        for name, sentences in fields.items():
            field = self._field(name)
            if field is None:
                self.form_errors.extend(sentences)
            elif not field.errors:
                field.errors = [self._sentence(name, field, sentences)]

    def refuse_problems(self, problems: Iterable[Problem]) -> None:
        """Write what stops the opening at its field."""
        for problem in problems:
            if problem.severity is Severity.OPENING:
                name = problem.field or "items"
                self.refuse({f"{name}-{problem.item_key}" if problem.item_key else name: [problem.message]})

    def _item(self, item: Choosable) -> CancelItem:
        quantity = self._quantity(item)
        return CancelItem(item.key, quantity, self._own_reason(item))

    def _quantity(self, item: Choosable) -> Decimal | None:
        if not item.units:
            return None
        text = self[f"quantity-{item.key}"].data or ""
        if not text.isascii() or not text.isdigit() or not 0 < int(text) <= item.units:
            sentence = gettext("Enter a quantity from 1 to %(most)s.", most=item.units)
            raise InvalidInput(sentence, fields={f"quantity-{item.key}": [sentence]})
        return None if int(text) == item.units else Decimal(text)

    def _own_reason(self, item: Choosable) -> ReasonChoice | None:
        key = _number(self[f"reason-{item.key}"].data)
        return None if key is None else self._choice(key, self[f"reason_text-{item.key}"].data or "")

    def _reason_of_kind(self, kind: PlanKind) -> ReasonChoice | None:
        if f"reason_{kind.value}" not in self:
            return None
        key = _number(self[f"reason_{kind.value}"].data)
        return None if key is None else self._choice(key, self[f"reason_text_{kind.value}"].data or "")

    def _choice(self, key: int, words: str) -> ReasonChoice:
        reason = self.reasons[key]
        return ReasonChoice(reason.key, reason.kind, reason.needs_text, text=words)

    def _forced(self) -> Decimal | None:
        if not self.forced_refund_amount.data:
            return None
        try:
            return parse_amount(self.forced_refund_amount.data, self.currency)
        except InvalidInput as refused:
            raise InvalidInput(
                refused.message, fields={"forced_refund_amount": [gettext(refused.message)]}
            ) from None

    def _field(self, name: str) -> Field | None:
        """The field of a problem; a reason that was left to the common one is missing there."""
        word, _, key = name.partition("-")
        if word == "reason" and key:
            own: Field = self[name]
            item = next((each for each in self.choosable if str(each.key) == key), None)
            if item is None or own.data:
                return self[f"reason_text-{key}"] if own.data and self._lacks_words(own) else own
            common: Field = self[f"reason_{item.kind.value}"]
            return self[f"reason_text_{item.kind.value}"] if self._lacks_words(common) else common
        if word == "items" and not key:
            return self[f"items-{self.choosable[0].key}"] if self.choosable else None
        found: Field | None = self[name] if name in self else None  # noqa: SIM401 - a form has no get()
        return found

    def _lacks_words(self, chosen: Field) -> bool:
        key = _number(chosen.data)
        return key is not None and key in self.reasons and self.reasons[key].needs_text

    def _sentence(self, name: str, field: Field, sentences: Sequence[str]) -> str:
        if field.name == f"reason_{PlanKind.CANCEL.value}" and name.startswith("reason-"):
            return str(gettext("Choose why it is cancelled."))
        if field.name == f"reason_{PlanKind.REFUND.value}" and name.startswith("reason-"):
            return str(gettext("Choose why it comes back."))
        return str(gettext(sentences[0]))


def cancel_form(
    items: Sequence[Choosable], reasons: Sequence[Reason], currency: str, *, may_choose_loyalty: bool
) -> CancelForm:
    """The form of one order, filled with what came in or with everything ticked."""
    fields: dict[str, Any] = {}
    for kind in PlanKind:
        if any(item.kind is kind for item in items):
            fields |= _common_reason(kind, _options(reasons, kind, gettext("Choose a reason")))
    for item in items:
        fields |= _item_fields(item, _options(reasons, item.kind, gettext("The reason above")))
    form: CancelForm = type("OrderCancelForm", (CancelForm,), fields)()
    form.choosable, form.currency = items, currency
    form.reasons = {reason.key: reason for reason in reasons}
    form.shipping.choices = [SelectChoice(value, _shipping_label(value)) for value in _SHIPPING]
    ways = [RefundWay.TRANSFER, *([RefundWay.LOYALTY] if may_choose_loyalty else [])]
    form.fallback.choices = [SelectChoice(way.value, gettext(way.label)) for way in ways]
    return form


def _common_reason(kind: PlanKind, options: list[SelectChoice]) -> dict[str, Any]:
    label = lazy_gettext("Reason") if kind is PlanKind.CANCEL else lazy_gettext("Reason of the return")
    return {
        f"reason_{kind.value}": SelectField(label, choices=options),
        f"reason_text_{kind.value}": _words(lazy_gettext("In a few words")),
    }


def _item_fields(item: Choosable, options: list[SelectChoice]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        f"items-{item.key}": BooleanField(default=True),
        f"reason-{item.key}": SelectField(lazy_gettext("Reason of this item"), choices=options),
        f"reason_text-{item.key}": _words(lazy_gettext("In a few words")),
    }
    if item.units:
        fields[f"quantity-{item.key}"] = StringField(
            lazy_gettext("Quantity"), filters=[_trimmed], default=str(item.units)
        )
    return fields


def _options(reasons: Sequence[Reason], kind: PlanKind, first: str) -> list[SelectChoice]:
    offered = [reason for reason in reasons if reason.kind is kind]
    return [SelectChoice("", first), *(SelectChoice(str(reason.key), reason.name) for reason in offered)]


def _shipping_label(value: str) -> str:
    if value:
        return str(gettext(ShippingPolicy(value).label))
    return str(gettext("As usual: only when nothing is left to send"))


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 19
    return int(text or 0) if is_number else None
