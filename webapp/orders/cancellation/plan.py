"""What a draft comes to: one or two plans with their rows, shares, money ways and problems. All of it is data."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from webapp.orders.cancellation.facts import ReasonChoice
from webapp.orders.enums import OrderStatus, PlanKind, RefundWay, ShippingPolicy
from webapp.orders.pricing import RowMoney


class Severity(StrEnum):
    """What a problem stops."""

    OPENING = "opening"
    APPROVAL = "approval"
    NOTICE = "notice"


class ProblemCode(StrEnum):
    """What a person must decide or mend."""

    NOTHING_TO_CANCEL = "nothing_to_cancel"
    ITEM_UNKNOWN = "item_unknown"
    ITEM_REPEATED = "item_repeated"
    ITEM_IN_OPEN_PLAN = "item_in_open_plan"
    ITEM_ENDED = "item_ended"
    QUANTITY = "quantity"
    REASON_MISSING = "reason_missing"
    REASON_INACTIVE = "reason_inactive"
    REASON_WRONG_KIND = "reason_wrong_kind"
    REASON_TEXT_MISSING = "reason_text_missing"
    END_STATUS = "end_status"
    FORCED_AMOUNT = "forced_amount"
    ADJUSTMENT_REASON_MISSING = "adjustment_reason_missing"
    MONEY_MISMATCH = "money_mismatch"
    MORE_THAN_CAPTURED = "more_than_captured"
    IBAN_INVALID = "iban_invalid"
    IBAN_MISSING = "iban_missing"
    IBAN_NOT_NEEDED = "iban_not_needed"


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence for staff, where it belongs (`item_key`, `field`), and what it stops."""

    code: ProblemCode
    severity: Severity
    message: str
    item_key: int | None = None
    field: str = ""


class Need(StrEnum):
    """Permissions that a draft asks of its opener beyond opening."""

    FORCE_AMOUNT = "force_amount"
    REFUND_TO_LOYALTY = "refund_to_loyalty"


@dataclass(frozen=True, slots=True)
class RowSplit:
    """The part that is split off into a row of its own, and what the row keeps."""

    part: RowMoney
    rest: RowMoney


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A row, or the part of one, that the plan ends; or a row outside it of which only shipping goes back.

    `money` is what the row or part carries. `difference` brings the computed amounts to what is left of the
    order, `adjustment` brings them to a forced amount; both are this row's share by R1.
    """

    item_key: int
    name: str
    kind: PlanKind
    quantity: Decimal
    money: RowMoney
    reason: ReasonChoice | None = None
    split: RowSplit | None = None
    is_shipping_only: bool = False
    shipping: Decimal = Decimal(0)
    shipping_interest: Decimal = Decimal(0)
    difference: Decimal = Decimal(0)
    adjustment: Decimal = Decimal(0)

    @property
    def goods(self) -> Decimal:
        """Gross less discount, the row's interest, and the order's rounding if it lies here."""
        if self.is_shipping_only:
            return Decimal(0)
        money = self.money
        net = money.amount - money.discount_amount
        return net + money.rounding_amount + money.installment_interest_amount

    @property
    def interest(self) -> Decimal:
        """Instalment interest that goes back, of goods and of shipping."""
        goods_interest = Decimal(0) if self.is_shipping_only else self.money.installment_interest_amount
        return goods_interest + self.shipping_interest

    @property
    def share(self) -> Decimal:
        """What the row's own columns give, before any difference or adjustment."""
        return self.goods + self.shipping + self.shipping_interest

    @property
    def computed(self) -> Decimal:
        """What the rules give for this row."""
        return self.share + self.difference

    @property
    def refund(self) -> Decimal:
        """What is to go back for this row."""
        return self.computed + self.adjustment


@dataclass(frozen=True, slots=True)
class TenderPart:
    """How much goes back over one payment, and how. `account` is the position of the IBAN for a transfer."""

    tender_key: int
    way: RefundWay
    amount: Decimal
    interest: Decimal = Decimal(0)
    account: int | None = None


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """One plan: what it ends, what it owes and how that is paid back.

    `lines` are the rows it ends, `shipping_shares` rows outside it that only give back their shipping.
    `computed_amount` is what the rules give, `refund_amount` what the customer is to get (forced or computed),
    `owed` what really moves: no more than was captured, the rest was never taken or is let go.
    """

    kind: PlanKind
    end_status: OrderStatus
    lines: tuple[PlanLine, ...]
    shipping_shares: tuple[PlanLine, ...]
    shipping_policy: ShippingPolicy
    tenders: tuple[TenderPart, ...] = ()

    @property
    def _all(self) -> tuple[PlanLine, ...]:
        return (*self.lines, *self.shipping_shares)

    @property
    def shipping_amount(self) -> Decimal:
        """Shipping and its interest that go back."""
        return sum((line.shipping + line.shipping_interest for line in self._all), Decimal(0))

    @property
    def interest(self) -> Decimal:
        """Instalment interest that goes back, of goods and of shipping."""
        return sum((line.interest for line in self._all), Decimal(0))

    @property
    def computed_amount(self) -> Decimal:
        """What the rules give."""
        return sum((line.computed for line in self._all), Decimal(0))

    @property
    def adjustment(self) -> Decimal:
        """The forced amount less the computed one."""
        return sum((line.adjustment for line in self._all), Decimal(0))

    @property
    def refund_amount(self) -> Decimal:
        """What the customer is to get."""
        return self.computed_amount + self.adjustment

    @property
    def owed(self) -> Decimal:
        """Captured money that goes back."""
        return sum((part.amount for part in self.tenders if part.way is not RefundWay.RELEASE), Decimal(0))

    @property
    def released(self) -> Decimal:
        """Money that was only reserved and is let go."""
        return sum((part.amount for part in self.tenders if part.way is RefundWay.RELEASE), Decimal(0))


@dataclass(frozen=True, slots=True)
class CancellationDraft:
    """One staff action: no plan, one, or a cancel and a refund plan that are decided together.

    `left_before` and `left_after` are what the order still has to pay back. `alone` are the roles of whom one
    person may open and approve it; everybody else needs a second person.
    """

    plans: tuple[PlanDraft, ...]
    problems: tuple[Problem, ...]
    needs: frozenset[Need]
    alone: frozenset[str]
    left_before: Decimal
    left_after: Decimal

    @property
    def computed_amount(self) -> Decimal:
        """What the rules give, over all plans."""
        return sum((plan.computed_amount for plan in self.plans), Decimal(0))

    @property
    def refund_amount(self) -> Decimal:
        """What the customer is to get, over all plans."""
        return sum((plan.refund_amount for plan in self.plans), Decimal(0))

    @property
    def owed(self) -> Decimal:
        """Captured money that goes back, over all plans."""
        return sum((plan.owed for plan in self.plans), Decimal(0))

    @property
    def can_open(self) -> bool:
        """Whether no problem stops the opening."""
        return not any(problem.severity is Severity.OPENING for problem in self.problems)

    @property
    def can_approve(self) -> bool:
        """Whether no problem stops opening or approval."""
        return all(problem.severity is Severity.NOTICE for problem in self.problems)
