"""Is the port free, and does the web process answer?"""

import errno
import http.client
import json
import socket
from contextlib import closing

from webapp.core.settings import Settings, SettingsError

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what HOST may say, not a bind


def check_port(host: str, port: int) -> None:
    """Raises SettingsError with one sentence when the product could not listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 10 if port < 65000 else port - 10
            message = (
                f"Port {port} on {host} is in use: stop what uses it, or set PORT, for example PORT={other}."
            )
        elif error.errno == errno.EACCES:
            message = f"Port {port} is not for ordinary users: set PORT to one above 1023."
        else:
            message = (
                f"HOST is {host!r}, which is no address of this machine: set it to 127.0.0.1 or 0.0.0.0."
            )
        raise SettingsError(message) from None


def local_url(settings: Settings) -> str:
    """Where a person on this machine opens the product."""
    host = ANYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def missing(settings: Settings) -> list[str] | None:
    """What `/readyz` says is missing: nothing (an empty list) when all is well, None when nobody answers."""
    host = ANYWHERE.get(settings.host, settings.host)
    headers = {"Host": settings.trusted_hosts[0]} if settings.trusted_hosts else {}
    with closing(http.client.HTTPConnection(host, settings.port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
    return [] if answer.status == http.HTTPStatus.OK else _named(answer.status, body)


def _named(status: int, body: bytes) -> list[str]:
    try:
        parts: dict[str, str] = json.loads(body)
    except ValueError:
        return [f"/readyz answers {status}"]
    return [f"{name}: {state}" for name, state in parts.items() if name != "status" and state != "ok"]
