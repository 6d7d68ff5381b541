"""The demo's shop, bank and carrier: processes beside the product, which reaches them over HTTP as it would any shop."""

import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.core.embedded import LOOPBACK, free_port
from webapp.core.home import without_secrets
from webapp.core.programs import Program
from webapp.supervisor.plan import ROOT

NEW_ORDER_S = 20  # Something happens in the shop this often: enough to see it arrive.


@dataclass(frozen=True)
class Sandbox:
    """Where shop, bank and carrier listen in this run, and where they keep their state."""

    folder: Path
    shop_port: int
    bank_port: int
    carrier_port: int

    @classmethod
    def beside(cls, port: int, folder: Path) -> "Sandbox":
        """On the three ports after the product's own where they are free, so that bookmarks stay true."""
        folder.mkdir(mode=0o700, exist_ok=True)
        return cls(folder, *(_free_or_other(port + after) for after in (1, 2, 3)))

    @property
    def shop_url(self) -> str:
        return f"http://{LOOPBACK}:{self.shop_port}"

    @property
    def bank_url(self) -> str:
        return f"http://{LOOPBACK}:{self.bank_port}"

    @property
    def carrier_url(self) -> str:
        return f"http://{LOOPBACK}:{self.carrier_port}"

    def listens(self) -> bool:
        """Whether all are there to be connected."""
        return all(_accepts(port) for port in (self.shop_port, self.bank_port, self.carrier_port))

    def programs(self, env: Mapping[str, str]) -> list[Program]:
        """The three processes; they get none of the product's secrets."""
        shop_options = ("--bank", self.bank_url, "--every", str(NEW_ORDER_S))
        return [
            self._program("bank", self.bank_port, (), env),
            self._program("carrier", self.carrier_port, (), env),
            self._program("shop", self.shop_port, shop_options, env),
        ]

    def _program(self, name: str, port: int, options: tuple[str, ...], env: Mapping[str, str]) -> Program:
        state = str(self.folder / f"{name}.db")
        argv = (sys.executable, "-m", f"sandbox.{name}", "--port", str(port), "--state", state, *options)
        return Program(f"sandbox-{name}", argv, without_secrets(env), ROOT)


def _free_or_other(port: int) -> int:
    with socket.socket() as probe, suppress(OSError, OverflowError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        return port
    return free_port()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
