"""What every adapter is built from: the two ways to speak with a channel, and the parts they share.

First way: `Integration` logs in, asks one endpoint per class with its serializer, and processes the answer.
Second way: `CommandIntegration.do_action(key)` finds the command of that key, its objects, and runs it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from webapp.channels.applying import OrderIntake
from webapp.channels.connection import ChannelConnection
from webapp.channels.fetching import OrderQuery, Position
from webapp.channels.profile import ChannelProfile
from webapp.channels.pushes import ChannelPushes
from webapp.channels.reading import Skip
from webapp.channels.receiving import RawOrder, RawPage
from webapp.core.clock import utc_now
from webapp.core.errors import IntegrationError, IntegrationNotDefineResponseProcess
from webapp.core.http import Answer
from webapp.orders.inputs import OrderDraft
from webapp.payments.gateway import FoundRefund, PaymentHistory, RefundAnswer

Asked = TypeVar("Asked")
Filters = Mapping[str, str]


@dataclass(frozen=True)
class OrderPage:
    """One page of a question. `position` is where the next one goes on; None: this was the last.

    `total` is about how many orders the question has in all, for the progress; None where a channel does not say.
    """

    page: RawPage
    position: Position | None
    total: int | None = None


class OrderSink(Protocol):
    """Where a command that reads orders puts its pages."""

    def take_page(self, page: OrderPage) -> None:
        """Deal with one page; when it returns, the page is safe."""

    def not_found(self, names: Sequence[str]) -> None:
        """The channel does not have these: ids or numbers, as they were asked for."""


class ReadOrderSerializer(ABC):
    """How one kind of channel writes orders: where they are asked for, and what they mean here."""

    def __init__(self, profile: ChannelProfile) -> None:
        self.profile = profile

    @abstractmethod
    def get_endpoint(self, remote_id: str | None = None, filter_params: Filters | None = None) -> str:
        """The path and query that is asked for one order, or for the list with these filters."""

    @abstractmethod
    def raw_orders(self, answer: Answer) -> list[RawOrder]:
        """The orders of an answer, be it a list or a single one. Raises IntegrationError."""

    @abstractmethod
    def read(self, payload: Any, known: bool) -> OrderDraft | Skip:
        """What a payload means here; `known` says whether we have this order. Raises ReadFailure, InvalidInput."""

    @abstractmethod
    def with_line(self, payload: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
        """The order's payload with one line added, or put in the place of the line with its id."""

    @abstractmethod
    def with_payment(self, payload: Mapping[str, Any], payment: Mapping[str, Any]) -> dict[str, Any]:
        """The order's payload with what a separate word about its payment says."""


class BaseIntegration(ABC):
    """What both ways know: the channel, the connection to it, and the serializers of its classes."""

    serializer_class: ClassVar[Mapping[str, type[ReadOrderSerializer]]] = {}

    def __init__(self, profile: ChannelProfile, connection: ChannelConnection) -> None:
        self.profile = profile
        self.connection = connection

    def serializer(self, class_name: str) -> ReadOrderSerializer:
        """The serializer of a class such as "orders". Raises IntegrationError for one the channel does not have."""
        try:
            return self.serializer_class[class_name](self.profile)
        except KeyError:
            raise IntegrationError(
                f"{self.profile.name} has no “{class_name}” that could be asked for.", permanent=True
            ) from None

    @abstractmethod
    def request(self, method: str, endpoint: str, timeout: float | None = None) -> Answer:
        """Ask the channel. Raises IntegrationError, of which IntegrationUnauthorizedException and MustWait."""


class Integration(BaseIntegration):
    """The first way: one question per class, and a process for each kind of answer."""

    def __init__(self, profile: ChannelProfile, connection: ChannelConnection, intake: OrderIntake) -> None:
        super().__init__(profile, connection)
        self.intake = intake

    @abstractmethod
    def login(self) -> None:
        """Prove that the channel takes our credentials. Raises IntegrationUnauthorizedException."""

    def get_class(
        self,
        class_names: Sequence[str],
        timeout: float | None = None,
        remote_id: str | None = None,
        filter_params: Filters | None = None,
    ) -> list[str]:
        """Ask for each class and process the answer; the channel's ids of what was taken in."""
        taken: list[str] = []
        for action_name in class_names:
            serializer = self.serializer(action_name)
            endpoint = serializer.get_endpoint(remote_id, filter_params)
            response = self.request("GET", endpoint, timeout)
            taken += self.response_process(response, self.profile.id, None, self, serializer, action_name)
        if remote_id is not None and remote_id not in taken:
            # A cache that mixes up its pages: what came is taken as what it is, and what was asked for is still to come.
            raise IntegrationError("The channel answered with another order than the one it was asked for.")
        return taken

    def response_process(
        self,
        response: Answer,
        channel_id: int,
        obj: object | None,
        integration_obj: BaseIntegration,
        serializer: ReadOrderSerializer,
        action_name: str,
    ) -> list[str]:
        """Do what the answer's method and the action ask. Raises IntegrationNotDefineResponseProcess."""
        if (response.method, action_name) != ("GET", "orders"):
            raise IntegrationNotDefineResponseProcess(
                f"{self.profile.name} has no process for the answer to {response.method} {action_name}."
            )
        rows = serializer.raw_orders(response)
        for row in rows:
            self.create_order(row, response.asked_at, response.answered_at)
        return [row.remote_id for row in rows]

    def create_order(
        self, data: RawOrder, asked_at: datetime | None = None, answered_at: datetime | None = None
    ) -> None:
        """Make or update the order of this payload with all it holds; a bad one becomes a failed record.

        The times bound when the channel looked at it; an older answer never writes over a newer one.
        """
        now = utc_now()
        self.intake.take(RawPage([data], asked_at or now, answered_at or now))

    def create_orderitem(self, order_pk: int, data: Mapping[str, Any]) -> None:
        """Take one row that a channel gave apart from its order: the order is written anew with it."""
        serializer = self.serializer("orders")
        self.intake.revise(order_pk, lambda payload: serializer.with_line(payload, data))

    def create_transaction(self, order_pk: int, data: Mapping[str, Any]) -> None:
        """Take a payment that a channel gave apart from its order: the order is written anew with it."""
        serializer = self.serializer("orders")
        self.intake.revise(order_pk, lambda payload: serializer.with_payment(payload, data))


class Command(ABC, Generic[Asked]):
    """One thing that can be done with a channel: for each object, send a request and process the answer.

    What `process` gives is asked next: the following page, the order that was missing in a list.
    """

    def __init__(self, integration: "BasicIntegration", objects: Iterable[Asked], **kwargs: Any) -> None:
        self.integration = integration
        self.objects = objects
        self.kwargs = kwargs

    def run(self) -> None:
        """Send and process, object by object, until there is nothing more to ask."""
        for obj in self.objects:
            asked: Asked | None = obj
            while asked is not None:
                asked = self.process(asked, self.send(asked))

    @abstractmethod
    def send(self, obj: Asked) -> Answer:
        """Make the request for an object and send it. Raises IntegrationError."""

    @abstractmethod
    def process(self, obj: Asked, answer: Answer) -> Asked | None:
        """Do what a successful answer asks for; gives what is to be asked next, None when this object is done."""


class BasicIntegration(BaseIntegration):
    """The second way's half: actions by key, each a command."""

    commands: ClassVar[Mapping[str, type[Command[Any]]]] = {}

    def do_action(
        self, key: str, objects: Iterable[Any] | None = None, force: bool = False, **kwargs: Any
    ) -> None:
        """Run the command of this key over its objects; `force` also over those that would be left out.

        Raises IntegrationError for a key that the channel cannot do: nothing is silently left undone.
        """
        command = self.commands.get(key)
        if command is None:
            raise IntegrationError(f"{self.profile.name} cannot do “{key}”.", permanent=True)
        command(self, self.get_objects(key, objects, force, **kwargs), **kwargs).run()

    def get_objects(
        self, key: str, objects: Iterable[Any] | None = None, force: bool = False, **kwargs: Any
    ) -> Iterable[Any]:
        """The given objects, else those that `qs__<key>` finds."""
        if objects is not None:
            return objects
        find: Callable[..., Iterable[Any]] = getattr(self, f"qs__{key}")
        return find(force=force, **kwargs)


class CommandIntegration(BasicIntegration):
    """The second way; new adapters derive from it. What is to be fetched is decided by channels/pulling.py."""

    ids_per_question: ClassVar[int] = 100

    def qs__get_orders(
        self, *, query: OrderQuery, sink: OrderSink, force: bool = False
    ) -> Iterator[OrderQuery]:
        """The questions that get_orders(query=…, sink=…) comes to: many ids or numbers become several."""
        names = query.remote_ids or query.numbers
        for begin in range(0, len(names), self.ids_per_question):
            chunk = names[begin : begin + self.ids_per_question]
            yield OrderQuery(remote_ids=chunk) if query.remote_ids else OrderQuery(numbers=chunk)
        if not names:
            yield query


@dataclass(frozen=True)
class CredentialField:
    """One credential a channel of a type needs; `is_secret` ones are never shown again. `hint`: where it is found."""

    name: str
    label: str
    is_secret: bool = True
    is_required: bool = True
    hint: str = ""


@dataclass(frozen=True)
class WebhookNotice:
    """What a verified message of a channel says: look at this order. `remote_id` None: nothing to look at."""

    event_id: str
    topic: str
    remote_id: str | None


# (headers by lower-case name, raw body, secrets that are valid now) → the notice, None for a mere test. Raises PermissionDenied for a wrong signature.
WebhookReader = Callable[[Mapping[str, str], bytes, Sequence[str]], WebhookNotice | None]


@dataclass(frozen=True)
class RefundedLine:
    """A row of an order of which something goes back: the channel's name of it, units, and gross with tax."""

    remote_line_id: str
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True)
class WantedRefund:
    """What a channel is asked to pay back for one order; `key` makes it findable, `lines` say for what, where known."""

    remote_id: str
    key: str
    amount: Decimal
    currency: str
    words: str
    lines: tuple[RefundedLine, ...] = ()


class ChannelRefunds(Protocol):
    """How a kind of channel pays back money that it holds. No unit of work may be open."""

    # Until so long after an unanswered request a refund may still appear, seconds.
    processing_delay_s: float

    def pay_back(self, wanted: WantedRefund) -> RefundAnswer:
        """Ask for it once; never raises for what the network or the channel does."""

    def refunds_of(self, remote_id: str, currency: str) -> list[FoundRefund]:
        """All that went back for an order, with our refund's id where it carries one. Raises IntegrationError."""

    def payment_of(self, remote_id: str) -> PaymentHistory:
        """The order's payment in the channel's words. Raises IntegrationError."""

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """What went back for orders that changed since. Raises IntegrationError."""


@dataclass(frozen=True)
class ChannelType:
    """One kind of channel: its adapter's classes and what staff must enter for it."""

    slug: str
    label: str
    integration: type[Integration]
    command_integration: type[CommandIntegration]
    credential_fields: Sequence[CredentialField]
    allowed_methods: frozenset[str]
    # Settings of the adapter with their defaults, for the form and for `conf`.
    settings: Mapping[str, str]
    # Gives the settings cleaned. Raises InvalidInput with a sentence for the field.
    check_settings: Callable[[Mapping[str, Any]], dict[str, Any]]
    # Settings that are one of a few words, each with what it means; the default is among them.
    setting_choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    read_webhook: WebhookReader | None = None
    # None: its refunds are made there by a person, and entered here.
    refunds: Callable[[ChannelProfile, ChannelConnection], ChannelRefunds] | None = None
    # None: it cannot be told anything; what is left for it is shown to staff, who do it there.
    pushes: Callable[[ChannelProfile, ChannelConnection], ChannelPushes] | None = None
