"""/webhooks: making, reading, changing and deleting hooks."""

import json
import secrets
from typing import Any

from flask import Blueprint, Response

from sandbox.post import is_loopback
from sandbox.shop.orders_api import API, json_body, json_text, the_shop
from sandbox.shop.problems import Refusal
from sandbox.shop.webhooks import TOPICS
from sandbox.stamps import gmt_text, local_text, now

hooks = Blueprint("webhooks", __name__, url_prefix=f"{API}/webhooks")
CHANGEABLE = ("name", "status", "topic", "delivery_url", "secret")
STATUSES = ("active", "paused", "disabled")


@hooks.get("")
def list_hooks() -> Response:
    found = the_shop().webhooks.all()
    response = _shown([_public(hook) for hook in found])
    response.headers["X-WP-Total"], response.headers["X-WP-TotalPages"] = str(len(found)), "1"
    return response


@hooks.get("/<int:hook_id>")
def get_hook(hook_id: int) -> Response:
    return _shown(_public(_known(the_shop().webhooks.find(hook_id))))


@hooks.post("")
def create_hook() -> Response:
    wanted, shop, moment = json_body(), the_shop(), now()
    _check(wanted, {"topic", "delivery_url"} - set(wanted))
    hook = {
        "name": wanted.get("name") or f"Webhook created on {gmt_text(moment)}",
        "status": wanted.get("status") or "active",
        "topic": wanted["topic"],
        "delivery_url": wanted["delivery_url"],
        "secret": wanted.get("secret") or secrets.token_urlsafe(24),
        "date_created": local_text(moment, shop.zone),
        "date_created_gmt": gmt_text(moment),
    }
    return _shown(_public(shop.webhooks.add(hook)), 201)


@hooks.route("/<int:hook_id>", methods=["PUT", "PATCH", "POST"])
def change_hook(hook_id: int) -> Response:
    wanted = json_body()
    _check(wanted, set())
    values = {name: value for name, value in wanted.items() if name in CHANGEABLE}
    return _shown(_public(_known(the_shop().webhooks.change(hook_id, values))))


@hooks.delete("/<int:hook_id>")
def delete_hook(hook_id: int) -> Response:
    hook = _known(the_shop().webhooks.find(hook_id))
    the_shop().webhooks.remove(hook_id)
    return _shown(_public(hook))


def _check(wanted: dict[str, Any], missing: set[str]) -> None:
    if "topic" in missing or wanted.get("topic", TOPICS[0]) not in TOPICS:
        raise Refusal(400, "woocommerce_rest_invalid_webhook_topic", "Webhook topic must be valid.")
    if "delivery_url" in missing or not is_loopback(wanted.get("delivery_url", "http://127.0.0.1")):
        # The real shop takes any address; this one calls only its own machine.
        raise Refusal(
            400, "woocommerce_rest_invalid_webhook_delivery_url", "Webhook delivery URL must be valid."
        )
    if wanted.get("status", STATUSES[0]) not in STATUSES:
        raise Refusal(400, "woocommerce_rest_invalid_webhook_status", "Webhook status must be valid.")


def _known(hook: dict[str, Any] | None) -> dict[str, Any]:
    if hook is None:
        raise Refusal(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
    return hook


def _public(hook: dict[str, Any]) -> dict[str, Any]:
    """A hook without its secret, which is never shown again."""
    resource, _, event = hook["topic"].partition(".")
    shown = {name: value for name, value in hook.items() if name not in ("secret", "failure_count")}
    return {**shown, "resource": resource, "event": event, "hooks": []}


def _shown(value: Any, status: int = 200) -> Response:
    return json_text(json.dumps(value, ensure_ascii=False), status)
