"""What single deeds answer."""

from typing import Final

from webapp.api.shapes.kinds import PK, TEXT, Shape, maybe, record

SHAPES: Final[dict[str, Shape]] = {
    "RemoteId": record(pk=PK, number=TEXT, channel=PK, remote_id=maybe(TEXT)),
}
