"""The only place that calls a WooCommerce shop: addresses and authorisation. What its answers mean: answers.py."""

import base64
from collections.abc import Mapping
from typing import Any

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from webapp.channels.connection import ChannelConnection, Judge
from webapp.channels.integrations.woocommerce.answers import (
    judge,
    judge_list,
    judge_made,
    judge_order,
    judge_order_unless_gone,
    judge_unless_no_route,
)
from webapp.channels.profile import ChannelProfile
from webapp.core.http import Answer

API = "/wp-json/wc/v3"
# The Shipment Tracking extension's own.
TRACKING_API = "/wp-json/wc-shipment-tracking/v3"
# The shop counts pages of 101 as an error.
MOST_PER_PAGE = 100


class WooCommerceClient:
    """Asks one shop, and has it pay back."""

    def __init__(self, profile: ChannelProfile, connection: ChannelConnection) -> None:
        self._profile = profile
        self._connection = connection

    def get(self, endpoint: str, *, what: str, timeout_s: float | None = None) -> Answer:
        """Ask for a path with its query. Raises IntegrationError, of which Unauthorized and MustWait."""
        return self._get(endpoint, what, judge, timeout_s)

    def prove_access(self) -> None:
        """Ask the cheapest question that wants the key. Raises IntegrationError unless the answer is a list of orders."""
        self._get("orders", "login", judge_list, params={"per_page": "1", "_fields": "id"})

    def get_order(self, remote_id: str) -> Answer:
        """One order, also from the trash; an answer of status 404 when the shop has no such order (any more)."""
        return self._get(f"orders/{int(remote_id)}", "orders.get", judge_order_unless_gone(remote_id))

    def list_orders(self, params: Mapping[str, str]) -> Answer:
        """One page of the order list."""
        return self._get("orders", "orders.list", judge, params=params)

    def list_refunds(self, remote_id: str, page: int) -> Answer:
        """One page of what went back for an order; an order that is not there has an empty list."""
        params = {"per_page": str(MOST_PER_PAGE), "page": str(page)}
        return self._get(f"orders/{int(remote_id)}/refunds", "refunds.list", judge_list, params=params)

    def create_refund(self, remote_id: str, body: Mapping[str, Any], judged_by: Judge) -> Answer:
        """Ask for a refund; the shop knows no keys, so the caller has looked before. Raises IntegrationError."""
        return self._connection.send(
            "POST",
            f"{self._profile.base_url}{API}/orders/{int(remote_id)}/refunds",
            what="refunds.create",
            judge=judged_by,
            json_body=body,
            authorise=self._authorise,
        )

    def update_order(self, remote_id: str, body: Mapping[str, Any]) -> Answer:
        """Change an order: what is not named stays. The answer is the order as it is then."""
        path = f"{API}/orders/{int(remote_id)}"
        return self._send("PUT", path, "orders.update", body, judge_order(remote_id))

    def list_notes(self, remote_id: str) -> Answer:
        """All notes of an order, newest first; the shop does not page them."""
        return self._get(f"orders/{int(remote_id)}/notes", "notes.list", judge_list)

    def add_note(self, remote_id: str, note: str, *, to_customer: bool) -> Answer:
        """Leave a note, which the shop also mails to the customer if it is meant for them."""
        body = {"note": note, "customer_note": to_customer}
        return self._send("POST", f"{API}/orders/{int(remote_id)}/notes", "notes.create", body)

    def list_fulfillments(self, remote_id: str) -> Answer | None:
        """The order's parcels; None where the shop has not switched fulfilments on."""
        return self._probe(f"{API}/orders/{int(remote_id)}/fulfillments", "fulfillments.list")

    def add_fulfillment(self, remote_id: str, body: Mapping[str, Any]) -> Answer:
        """Make a parcel."""
        return self._send("POST", f"{API}/orders/{int(remote_id)}/fulfillments", "fulfillments.create", body)

    def list_trackings(self, remote_id: str) -> Answer | None:
        """The order's tracking numbers; None where the shop has not the Shipment Tracking extension."""
        return self._probe(f"{TRACKING_API}/orders/{int(remote_id)}/shipment-trackings", "trackings.list")

    def add_tracking(self, remote_id: str, body: Mapping[str, Any]) -> Answer:
        """Add a tracking number by the extension."""
        path = f"{TRACKING_API}/orders/{int(remote_id)}/shipment-trackings"
        return self._send("POST", path, "trackings.create", body)

    def _send(
        self, method: str, path: str, what: str, body: Mapping[str, Any], judged_by: Judge = judge_made
    ) -> Answer:
        return self._connection.send(
            method,
            f"{self._profile.base_url}{path}",
            what=what,
            judge=judged_by,
            json_body=body,
            authorise=self._authorise,
        )

    def _probe(self, path: str, what: str) -> Answer | None:
        """Read something that a shop may not have at all."""
        answer = self._connection.get(
            f"{self._profile.base_url}{path}",
            what=what,
            judge=judge_unless_no_route,
            authorise=self._authorise,
        )
        return answer if answer.is_success else None

    def _get(
        self,
        endpoint: str,
        what: str,
        judged_by: Judge,
        timeout_s: float | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        return self._connection.get(
            f"{self._profile.base_url}{API}/{endpoint}",
            what=what,
            params=params,
            judge=judged_by,
            authorise=self._authorise,
            timeout_s=timeout_s,
        )

    def _authorise(self, method: str, url: str) -> Mapping[str, str]:
        """Basic over https; over plain http the shop only takes OAuth 1.0a, and secrets stay out of the URL."""
        key = self._profile.credentials.get("consumer_key", "")
        secret = self._profile.credentials.get("consumer_secret", "")
        if url.startswith("https://"):
            return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
        signature = self._profile.conf.get("oauth_signature", SIGNATURE_HMAC_SHA256)
        known = signature in (SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256)
        oauth = Client(
            key, client_secret=secret, signature_method=signature if known else SIGNATURE_HMAC_SHA256
        )
        _, headers, _ = oauth.sign(url, http_method=method)  # type: ignore[arg-type]  # the stubs list methods
        return dict(headers)
