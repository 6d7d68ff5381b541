"""Refusals in the words and shapes of the WordPress REST API."""

import json
from typing import Any

from flask import Response, jsonify


class Refusal(Exception):
    """Ends the request with a WordPress error body."""

    def __init__(self, status: int, code: str, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.data = {"status": status} if data is None else data

    def response(self) -> Response:
        answer = jsonify({"code": self.code, "message": str(self), "data": self.data})
        answer.status_code = self.status
        return answer


def invalid_parameters(problems: dict[str, tuple[str, str]]) -> Refusal:
    """`problems`: parameter → (code, message); the API answers all of them at once."""
    data = {
        "status": 400,
        "params": {name: message for name, (_, message) in problems.items()},
        "details": {
            name: {"code": code, "message": message, "data": None}
            for name, (code, message) in problems.items()
        },
    }
    return Refusal(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(problems)}", data)


def no_route() -> Refusal:
    return Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")


def invalid_order_id(status: int = 404) -> Refusal:
    return Refusal(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")


def cannot_refund(message: str) -> Refusal:
    """WooCommerce refuses a refund with HTTP 500; its `data` is then a bare number."""
    return Refusal(500, "woocommerce_rest_cannot_create_order_refund", message, 500)


def error_body(path: str, status: int) -> str:
    """What a broken WordPress says; for faults that hide the real answer."""
    message = "Too many requests." if status == 429 else "There has been a critical error on this website."
    code = "too_many_requests" if status == 429 else "internal_server_error"
    return json.dumps({"code": code, "message": message, "data": {"status": status}})
