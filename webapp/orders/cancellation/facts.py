"""What a cancellation is drafted from: the order as it stands, and what staff ask for.

A service builds `OrderFacts` under the order's lock; to look again at an open plan it leaves that plan out: its
items with their stored status, its shares not taken, its amounts not consumed.
"""

from dataclasses import dataclass
from decimal import Decimal

from webapp.core.errors import InvalidInput
from webapp.core.text import N_
from webapp.orders.enums import (
    MoneyHolder,
    OrderStatus,
    PlanKind,
    RefundWay,
    ShippingPolicy,
    TenderKind,
)
from webapp.orders.pricing import RowMoney


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """A row of the order. `shipping_taken`: its shipping share stands in another plan that is not rejected."""

    key: int
    name: str
    status: OrderStatus
    quantity: Decimal
    money: RowMoney
    shipping_taken: bool = False


@dataclass(frozen=True, slots=True)
class TenderFacts:
    """One payment. `reserved`: its refunds that are not declined or withdrawn, less what the bank took back.

    `uncaptured` is still only reserved on the card and can be let go. `interest` is the instalment interest it
    carried that has not gone back yet. `can_refund`: its gateway pays back by itself.
    """

    key: int
    kind: TenderKind
    captured: Decimal
    reserved: Decimal = Decimal(0)
    uncaptured: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)
    holder: MoneyHolder = MoneyHolder.US
    can_refund: bool = True


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The order. `consumed`: computed amounts of its plans that are not rejected, and refunds made elsewhere."""

    currency: str
    amount: Decimal
    items: tuple[ItemFacts, ...]
    tenders: tuple[TenderFacts, ...] = ()
    consumed: Decimal = Decimal(0)
    money_mismatch: bool = False

    @property
    def left(self) -> Decimal:
        """What is left of the order to pay back; money withheld earlier counts as consumed."""
        return max(Decimal(0), self.amount - self.consumed)


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    """A reason as chosen: the reason's own terms and the words staff added."""

    key: int
    kind: PlanKind
    needs_text: bool = False
    is_active: bool = True
    text: str = ""


@dataclass(frozen=True, slots=True)
class CancelItem:
    """One row to cancel: all of it, or the first `quantity` units. Without a reason the request's own applies."""

    key: int
    quantity: Decimal | None = None
    reason: ReasonChoice | None = None


class OverlappingParameters(InvalidInput):
    """`is_all` and `cancel_items` say two different things."""

    code = "overlapping_parameters"


class NothingNamed(InvalidInput):
    """Neither `is_all` nor `cancel_items` says what to cancel."""

    code = "nothing_named"


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """What staff ask for. Raises OverlappingParameters or NothingNamed unless it names either items or all.

    `reasons` apply to rows without one of their own, by kind. `shipping` None means the default. A forced
    amount needs `adjustment_reason`. `fallback` is how money goes back that its payment cannot carry.
    """

    items: tuple[CancelItem, ...] = ()
    is_all: bool = False
    reasons: tuple[ReasonChoice, ...] = ()
    shipping: ShippingPolicy | None = None
    forced_refund_amount: Decimal | None = None
    adjustment_reason: str = ""
    next_status: OrderStatus | None = None
    fallback: RefundWay = RefundWay.TRANSFER
    ibans: tuple[str, ...] = ()
    holder_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.is_all and self.items:
            raise OverlappingParameters("Name the items or take all of them, not both.")
        if not self.is_all and not self.items:
            raise NothingNamed("Say which items to cancel, or that all are.")
        if self.fallback not in (RefundWay.TRANSFER, RefundWay.LOYALTY):
            raise InvalidInput(
                N_("Money that its payment cannot carry goes back by bank transfer or as loyalty credit.")
            )


def shipping_policy(is_cargo_refund: bool | None, *, is_all: bool) -> ShippingPolicy | None:
    """The reference's three-valued `is_cargo_refund` as a policy; None leaves it to the default."""
    if is_cargo_refund is None:
        return None
    if not is_cargo_refund:
        return ShippingPolicy.NONE
    return ShippingPolicy.FULL if is_all else ShippingPolicy.PROPORTIONAL
