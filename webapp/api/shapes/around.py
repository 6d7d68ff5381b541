"""Refusals: problem details of RFC 9457 with our code, and further facts of the case."""

from typing import Final

from webapp.api.shapes.kinds import TEXT, WHOLE, Shape, maybe

SHAPES: Final[dict[str, Shape]] = {
    "Problem": {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": WHOLE,
            "detail": TEXT,
            "code": {**TEXT, "description": "Stable; what programs compare."},
            "request_id": maybe(TEXT),
            "fields": {
                "type": "object",
                "description": "Of invalid_input: sentences by field, `orderitem_set.0.amount`.",
                "additionalProperties": {"type": "array", "items": TEXT},
            },
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "additionalProperties": {},
    }
}
