"""Clients and gateways on real wires, with timeouts that a test can wait for."""

import uuid
from decimal import Decimal
from typing import Any

from tests.sandbox.running import BankServer
from webapp.core.http import HttpClient
from webapp.core.reach import Reach
from webapp.core.settings import Timing
from webapp.payments.gateway import RefundOrder
from webapp.payments.gateways.iyzico import IyzicoGateway
from webapp.payments.gateways.stripe import StripeGateway

# The faults of these tests hang for a second: longer than we wait.
SHORT = Timing(connect_timeout_s=0.5, read_timeout_s=0.5)
HANG_S = 1.2


def client(name: str = "gateway:test") -> HttpClient:
    """A client that may call this machine."""
    return HttpClient(name, reach=Reach(allow_private=True), timing=SHORT, sleep=lambda _seconds: None)


def stripe_at(bank: BankServer, key: str | None = None) -> StripeGateway:
    """The Stripe-shaped door of the sandbox bank."""
    return StripeGateway("stripe", http=client(), base_url=f"{bank.url}/v1", secret_key=key or bank.key)


def iyzico_at(
    bank: BankServer, *, api_key: str | None = None, secret_key: str | None = None
) -> IyzicoGateway:
    """The iyzico-shaped door of the sandbox bank, whose reports are complete after a second."""
    return IyzicoGateway(
        "iyzico",
        http=client(),
        base_url=bank.url,
        api_key=api_key or bank.iyzico_key,
        secret_key=secret_key or bank.iyzico_secret,
        processing_delay_s=1.0,
    )


def refund_of(payment: dict[str, Any], amount: str = "40.00", **fields: Any) -> RefundOrder:
    """A refund over a payment of the bank, with a key of its own."""
    reference = str(uuid.uuid4())
    given = {
        "key": f"rf_{reference}",
        "reference": reference,
        "payment_ref": payment["id"],
        "amount": Decimal(amount),
        "currency": payment["currency"].upper(),
    }
    return RefundOrder(**{**given, **fields})
