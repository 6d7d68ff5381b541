"""What every operation of the specification has in common: tokens, refusals, headers. Added once, in one place."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = dict[str, Any]
UNSAFE: Final = ("post", "put", "patch", "delete")
_METHODS: Final = ("get", *UNSAFE)

_PROBLEM: Final = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
}
_REFUSALS: Final = {
    "400": "The request cannot be read.",
    "401": "No valid token.",
    "403": "The token, or the role of its owner, does not allow this.",
    "404": "There is no such thing, or it belongs to a channel that the token does not see.",
    "409": "The state does not allow it (any more), or the same Idempotency-Key is being worked on.",
    "412": "It is not as `If-Match` says; `changes` tells what has changed since.",
    "413": "The body is too large.",
    "415": "The file is of another kind than is taken here.",
    "422": "A field cannot be taken (`fields`), or the Idempotency-Key came with another request before.",
    "429": "The token has had its requests of this minute; `Retry-After` says when the next one counts.",
    "502": "The channel or gateway did not answer as it should.",
    "503": "The database cannot be reached; `Retry-After` says when to ask again.",
    "507": "There is no room left on the disk; nothing was done.",
}
_HEADERS: Final = {
    "X-Request-Id": {
        "description": "Names this request in our log and audit log.",
        "schema": {"type": "string"},
        "required": True,
    },
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of yours, of 1 to 255 printable ASCII characters. Sent again with the same key within "
    "24 hours, the request is not done again but answered as before.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the order (or vendor order) as you know it. When it has changed since: 412 with what changed.",
    "schema": {"type": "string", "pattern": '^(\\*|"[0-9]{1,18}-[0-9]{1,18}")$'},
}


_WHOLE_ORDER: Final = frozenset({"OrderDetail", "OrderOrDiagnosis"})
_UNSEEN: Final = "It is done; the token may not see orders (`orders.view`), so none is shown."
# What is about one order, or one vendor's part of it, has a tag.
_WITH_TAG: Final = ("/api/v1/orders/{pk}/", "/api/v1/vendor_orders/{pk}/")


def complete(document: Json, permissions: Mapping[tuple[str, str], str]) -> Json:
    """The document with what all its operations have in common; `permissions` by path and method."""
    document["info"]["description"] = (
        "Orders, cancellations, refunds, channels and background work. docs/api.md has worked examples."
    )
    document["servers"] = [{"url": "/"}]
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from the page “API and keys”, or from `kontor token create`. "
            "`Authorization: Token …` is taken too.",
        }
    }
    document["security"] = [{"token": []}]
    document["components"].pop("responses", None)
    for name in ("Error", "PaginationMetadata"):  # flask-smorest's own, which we do not use
        document["components"]["schemas"].pop(name, None)
    document["components"].pop("headers", None)
    titles = {tag["name"]: tag["description"] for tag in document["tags"]}
    document["tags"] = [{"name": title} for title in titles.values()]
    for path, method, operation in operations(document):
        operation["tags"] = [titles[name] for name in operation["tags"]]
        needed = f"Needs the permission `{permissions[path, method]}`."
        operation["description"] = "\n\n".join(filter(None, [operation.get("description"), needed]))
        _complete(document, path, method, operation)
    return document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """(path, method, operation) of the whole document."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


def _complete(document: Json, path: str, method: str, operation: Json) -> None:
    _loosen_body(document, operation)
    about_one_order = path.startswith(_WITH_TAG) and method in UNSAFE
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        parameters.append(_IDEMPOTENCY_KEY)
    if about_one_order:
        parameters.append(_IF_MATCH)
    if not parameters:
        del operation["parameters"]
    told = {
        code: answer for code, answer in operation["responses"].items() if code.isdigit() and code < "400"
    }
    if method in UNSAFE and _WHOLE_ORDER & _shapes(told):
        told.setdefault("204", {"description": _UNSEEN})
    for answer in told.values():
        answer.setdefault("headers", {}).update(_HEADERS)
    wanted = ["400", "401", "403", "422", "429", "503", "507"]
    wanted += ["404"] if "{" in path else []
    wanted += ["409", "413"] if method in UNSAFE else []
    wanted += ["412"] if about_one_order else []
    wanted += list(operation.pop("x-refusals", []))
    refusals = {
        code: {"description": _REFUSALS[code], "headers": _HEADERS, "content": _PROBLEM}
        for code in sorted(wanted)
    }
    if any(each.get("in") == "query" for each in parameters):
        refusals["414"] = {"description": "The address is longer than 4 KB."}
    operation["responses"] = {**told, **dict(sorted(refusals.items()))}


def _shapes(told: Json) -> set[str]:
    """The names of what these answers hold."""
    kinds = [kind for answer in told.values() for kind in answer.get("content", {}).values()]
    return {kind["schema"].get("$ref", "").rpartition("/")[2] for kind in kinds}


def _loosen_body(document: Json, operation: Json) -> None:
    """A body of which no field must be sent need not be sent itself."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        schema = document["components"]["schemas"].get(name, content["schema"])
        if not schema.get("required"):
            operation["requestBody"]["required"] = False
