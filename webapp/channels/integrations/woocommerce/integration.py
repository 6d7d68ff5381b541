"""Both ways to speak with a WooCommerce shop."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from webapp.channels import base
from webapp.channels.applying import OrderIntake
from webapp.channels.base import Command, OrderSink, ReadOrderSerializer
from webapp.channels.connection import ChannelConnection
from webapp.channels.fetching import OrderQuery
from webapp.channels.integrations.woocommerce.client import WooCommerceClient
from webapp.channels.integrations.woocommerce.commands import GetOrders
from webapp.channels.integrations.woocommerce.fields import moment
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.profile import ChannelProfile
from webapp.core.errors import IntegrationError
from webapp.core.http import Answer


class Integration(base.Integration):
    """The first way: refresh one order, or read a filtered list in one answer."""

    serializer_class: ClassVar[Mapping[str, type[ReadOrderSerializer]]] = {"orders": WooOrderSerializer}

    def __init__(self, profile: ChannelProfile, connection: ChannelConnection, intake: OrderIntake) -> None:
        super().__init__(profile, connection, intake)
        self.client = WooCommerceClient(profile, connection)

    def login(self) -> None:
        """WooCommerce knows no session: its cheapest question shows whether it takes the key and the secret."""
        self.client.prove_access()

    def request(self, method: str, endpoint: str, timeout: float | None = None) -> Answer:
        """Ask for an endpoint. Raises IntegrationError, also for a method that changes something there."""
        return _read(self.client, method, endpoint, timeout)


class CommandIntegration(base.CommandIntegration):
    """The second way."""

    serializer_class: ClassVar[Mapping[str, type[ReadOrderSerializer]]] = {"orders": WooOrderSerializer}
    commands: ClassVar[Mapping[str, type[Command[Any]]]] = {"get_orders": GetOrders}

    def __init__(self, profile: ChannelProfile, connection: ChannelConnection) -> None:
        super().__init__(profile, connection)
        self.client = WooCommerceClient(profile, connection)
        self.orders = self.serializer("orders")

    def request(self, method: str, endpoint: str, timeout: float | None = None) -> Answer:
        """Ask for an endpoint. Raises IntegrationError, also for a method that changes something there."""
        return _read(self.client, method, endpoint, timeout)

    def qs__get_orders(
        self, *, query: OrderQuery, sink: OrderSink, force: bool = False
    ) -> Iterator[OrderQuery]:
        """The questions of a wish. Orders after a given one: the shop filters by time, so its time is asked for first."""
        if query.after_remote_id and query.created_from is None:
            answer = self.client.get_order(query.after_remote_id)
            if answer.status != 404:
                placed = moment(
                    answer.json(), "date_created", str(self.profile.conf.get("time_zone") or "UTC")
                )
                query = replace(query, created_from=placed)
        yield from super().qs__get_orders(query=query, sink=sink, force=force)


def _read(client: WooCommerceClient, method: str, endpoint: str, timeout: float | None) -> Answer:
    if method != "GET":
        raise IntegrationError(f"Kontor does not send {method} to a WooCommerce shop yet.", permanent=True)
    return client.get(endpoint, what=endpoint.partition("?")[0].partition("/")[0], timeout_s=timeout)
