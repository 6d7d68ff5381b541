"""The blueprint of every resource: parses strictly, refuses in our words, documents its answers by name."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar

from flask import Request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from webapp.core.errors import InvalidInput

View = TypeVar("View", bound=Callable[..., Any])
DEEPEST_JSON: Final = 40  # levels; our own inputs have five
PK: Final = "<int:pk>"


class Unreadable(BadRequest):
    """The body is no JSON that we take."""

    description = "The body cannot be read as JSON."


class Parser(FlaskParser):
    """webargs, strict: an unknown name is refused instead of passed over, for a mistyped filter must not return everything."""

    DEFAULT_UNKNOWN_BY_LOCATION: Mapping[str, str] = {  # type: ignore[assignment]
        "json": RAISE,
        "query": RAISE,
        "form": RAISE,
        "files": RAISE,
    }

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body; a POST without one is an empty object."""
        body = req.get_data(cache=True)
        if not body.strip():
            return {}
        try:
            loaded = json.loads(body, parse_constant=_no_constant, object_pairs_hook=_no_twins)
        except (ValueError, RecursionError):
            raise Unreadable() from None
        _check_texts(loaded)
        return loaded

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query, each name once; texts that no column can hold are refused."""
        for name, values in req.args.lists():
            _check_texts([name, *values])
            if len(values) > 1:
                words = "Send this once; several values are separated by commas where they are taken."
                raise InvalidInput(words, fields={name: [words]})
        return super().load_querystring(req, schema)

    def handle_error(
        self, error: ValidationError, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any
    ) -> NoReturn:
        """Refuse with one list of sentences per field, whatever its depth: `items.0.amount`."""
        messages: Any = error.messages
        if isinstance(messages, Mapping) and set(messages) <= {"json", "query", "form", "files"}:
            messages = {name: told for part in messages.values() for name, told in _pairs(part)}
        fields = _flat(messages)
        raise InvalidInput(f"Not taken: {', '.join(sorted(fields))}.", fields=fields)


class Resource(Blueprint):
    """A flask-smorest blueprint with our parser."""

    ARGUMENTS_PARSER = Parser()


def answers(status: int, shape: str, description: str = "") -> Callable[[View], View]:
    """Document that the handler answers with the shape of this name (`shapes/`); several may be given."""
    content: dict[str, Any] = {
        "description": description or shape,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}},
    }
    mark: Callable[[View], View] = Resource.doc(responses={str(status): content})
    return mark


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("JSON knows no such number.")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that is sent twice nobody can say which value was meant: the two ends may read different ones."""
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("A name stands twice in one object.")
    return read


def _check_texts(value: Any, depth: int = 0) -> None:
    """Refuse what PostgreSQL cannot keep: NUL, halves of surrogate pairs, numbers beyond a double, endless nesting."""
    if depth > DEEPEST_JSON:
        raise Unreadable()
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            words = "A text holds characters that cannot be kept."
            raise InvalidInput(words, fields={"": [words]})
    elif isinstance(value, float) and not math.isfinite(value):
        raise Unreadable()
    elif isinstance(value, Mapping):
        for name, each in value.items():
            _check_texts(name, depth + 1)
            _check_texts(each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_texts(each, depth + 1)


def _pairs(part: Any) -> list[tuple[str, Any]]:
    return list(part.items()) if isinstance(part, Mapping) else [("", part)]


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    if isinstance(messages, Mapping):
        return {
            name: told
            for key, part in messages.items()
            for name, told in _flat(part, f"{path}.{key}" if path else str(key)).items()
        }
    return {path: [str(one) for one in messages] if isinstance(messages, list) else [str(messages)]}
