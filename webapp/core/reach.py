"""Which addresses we may call: the guard against being sent to our own network (SSRF).

An address is judged when the connection is opened, and the connection goes to the very address that was judged:
a name that resolves differently a moment later gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from webapp.core.errors import IntegrationError
from webapp.core.sentences import said
from webapp.core.text import N_

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# (host, port) → the addresses of that name, as texts.
Resolve = Callable[[str, int], list[str]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# White space, control characters and backslashes are read differently by different parsers: no host has them.
_SUSPICIOUS = re.compile(r"[\x00-\x20\x7f\\]")


class AddressRefused(IntegrationError):
    """The address is not one we may call; the message says why and what to write instead."""

    code = "address_refused"

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NameUnknown(IntegrationError):
    """The host's name has no address (now)."""

    code = "name_unknown"


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system knows for a host. Raises NameUnknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NameUnknown(f"The name {host} has no address.") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Reach:
    """How far our calls may go. `allow_private` also allows plain http: it is for development and the demo."""

    allow_private: bool = False
    resolve: Resolve = resolve

    def check_url(self, url: str) -> SplitResult:
        """The parts of a URL that may be called, as far as that shows without looking a name up. Raises AddressRefused."""
        if _SUSPICIOUS.search(url):
            raise AddressRefused(N_("The address has spaces, line breaks or backslashes in it."))
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise AddressRefused(N_("The address is not a valid URL.")) from None
        if parts.scheme not in ("https", "http"):
            raise AddressRefused(N_("The address must begin with https://."))
        if parts.scheme == "http" and not self.allow_private:
            raise AddressRefused(
                N_("The address must begin with https://. Plain http needs KONTOR_ALLOW_PRIVATE_NETWORK=1.")
            )
        if not host:
            raise AddressRefused(N_("The address names no host."))
        if "@" in parts.netloc:
            raise AddressRefused(
                N_("The address must not carry a user name; give credentials in their own fields.")
            )
        if _is_literal(host):
            self.addresses(host, 0)
        return parts

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, each of which may be called. Raises AddressRefused if one of them may not."""
        found = self.resolve(host, port)
        if not found:
            raise NameUnknown(f"The name {host} has no address.")
        for text in found:
            if not self._may_call(text):
                raise AddressRefused(
                    said(
                        N_(
                            "%(host)s leads to %(address)s, which is not a public address. "
                            "Private networks need KONTOR_ALLOW_PRIVATE_NETWORK=1."
                        ),
                        host=host,
                        address=text,
                    )
                )
        return found

    def _may_call(self, text: str) -> bool:
        try:
            address = _unwrapped(ipaddress.ip_address(text))
        except ValueError:
            return False
        # Link-local holds the clouds' metadata services; nobody sells there, not even in development.
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        return self.allow_private or _is_public(address)


def _is_literal(host: str) -> bool:
    """Whether the host is an address itself, so that nothing has to be asked to judge it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unwrapped(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one that only carries it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address.sixtofour or address.teredo):
        # A tunnel ends wherever the address inside says.
        return False
    return address.is_global and not address.is_reserved
