"""The story of `kontor up`: take the folder, start the servers, prepare the data, start everybody, watch, stop."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType

from webapp.core.embedded import EmbeddedError, Postgres, Valkey, free_port
from webapp.core.home import Home, Ports, environment
from webapp.core.programs import Program, stop_all
from webapp.core.settings import Settings, SettingsError
from webapp.supervisor import plan
from webapp.supervisor.child import Child
from webapp.supervisor.greeting import Administrator, greeting, servers_greeting, sign_in
from webapp.supervisor.plan import Stage
from webapp.supervisor.readiness import check_port, missing
from webapp.supervisor.sandbox import Sandbox
from webapp.supervisor.warden import Warden

LOOK_S = 0.2  # How often we look who died.
READY_S = 120.0  # A laptop that is busy with other things needs half of it.
SANDBOX_S = 20.0  # It needs two; nobody waits longer for a toy.
TRIM_S = 600.0  # How often logs are kept short.
SECOND_SIGNAL_S = 1.0  # A signal sent to the whole process group may reach us twice at once.
TRIES = 3  # Whoever dies this often before it is ready will not get well by itself.


class Stopping(Exception):
    """Somebody asked us to stop while we were still starting."""


class Supervisor:
    """Owns every process of one running Kontor. `say` shows a line to the person at the terminal."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None],
        stop_with_parent: bool = False,
        only_servers: bool = False,
    ) -> None:
        self._home = Home(settings.home.absolute())
        self._settings = replace(settings, home=self._home.root)
        self._say = say
        self._parent = os.getppid() if stop_with_parent else None
        self._only_servers = only_servers
        self._children: list[Child] = []
        self._stop_asked = threading.Event()
        self._stop_asked_at = 0.0
        self._hurry = False
        self._trim_at = time.monotonic() + TRIM_S

    def run(self) -> None:
        """Until a signal. Raises SettingsError, with everything stopped again, when it cannot start."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        self._home.create()
        self._lock = self._home.lock()
        if not self._only_servers:
            check_port(self._settings.host, self._settings.port)
        self._warden = Warden(pass_fds=(self._lock,))
        try:
            self._start_servers()
            if self._only_servers:
                self._say(servers_greeting(self._settings))
            else:
                self._serve()
            self._watch()
        except Stopping:
            return
        finally:
            self._stop_everything()

    # Starting

    def _serve(self) -> None:
        """Prepare the data, start everybody, and greet."""
        administrator = self._prepare()
        try:
            sandbox = self._start_product()
        except BaseException:
            self._say(sign_in(administrator))  # Else nobody would ever know the password.
            raise
        self._say(greeting(self._settings, administrator, sandbox))

    def _start_servers(self) -> None:
        """Our own PostgreSQL and Valkey, where no address of another is given."""
        ports = Ports(
            postgres=free_port() if self._settings.database_url is None else None,
            valkey=free_port() if self._settings.redis_url is None else None,
        )
        if ports.postgres is not None:
            self._start_server(Postgres(self._home, ports.postgres))
        if ports.valkey is not None:
            self._start_server(Valkey(self._home, ports.valkey))
        self._home.publish(ports)
        self._env = self._environment()

    def _start_server(self, server: Postgres | Valkey) -> None:
        child = self._child(server.prepare(), Stage.SERVERS)
        for tries_left in reversed(range(TRIES)):
            child.start()
            try:
                server.wait_ready(partial(self._lives, child))
                return
            except EmbeddedError:
                if not tries_left or child.ended() is None:
                    raise

    def _environment(self) -> dict[str, str]:
        """What every child reads its settings from: ours, completed by the folder's secrets and servers."""
        for name in ("secret_key", "credential_keys"):
            self._home.secret(name)
        env = environment({**os.environ, "KONTOR_HOME": str(self._home.root), "PYTHONUNBUFFERED": "1"})
        env.pop("KONTOR_ADMIN_PASSWORD", None)
        if self._settings.demo:
            env["KONTOR_ALLOW_PRIVATE_NETWORK"] = "1"
        return env

    def _prepare(self) -> Administrator:
        """Migrate and make the first administrator, in a process of its own: ours stays small."""
        administrator = Administrator.first(self._settings.admin_email, self._settings.admin_password)
        answer = self._run_to_end(
            plan.prepare({**self._env, "KONTOR_ADMIN_PASSWORD": administrator.password})
        )
        return administrator.after(created=bool(json.loads(answer)["admin_created"]))

    def _start_product(self) -> Sandbox | None:
        """The web process before the workers: whoever waits, waits for a page."""
        sandbox = self._start_sandbox() if self._settings.demo else None
        web = self._child(plan.web(self._env), Stage.WEB)
        web.start()
        if sandbox is not None:
            self._connect(sandbox)
        self._wait_until_ready(web)
        for program in plan.background(self._settings, self._env):
            self._child(program, Stage.BACKGROUND).start()
        return sandbox

    def _start_sandbox(self) -> Sandbox:
        sandbox = Sandbox.beside(self._settings.port, self._home.sandbox)
        for program in sandbox.programs(self._env):
            self._child(program, Stage.SANDBOX).start()
        return sandbox

    def _connect(self, sandbox: Sandbox) -> None:
        """A demo that cannot be had is a pity, not a reason to serve nobody."""
        deadline = time.monotonic() + SANDBOX_S
        while not sandbox.listens() and time.monotonic() < deadline:
            self._look_after_children()
            self._pause()
        try:
            self._run_to_end(plan.demo(sandbox.shop_url, sandbox.bank_url, sandbox.carrier_url, self._env))
        except SettingsError as error:
            self._say(str(error))

    def _wait_until_ready(self, web: Child) -> None:
        deadline = time.monotonic() + READY_S
        while (lacking := missing(self._settings)) != []:
            self._look_after_children()
            if web.deaths >= TRIES:
                raise SettingsError(f"The web process does not start: {web.last_words()} (more in {web.log})")
            if time.monotonic() > deadline:
                what = ", ".join(lacking or ["no answer"])
                raise SettingsError(
                    f"Kontor is not ready after {READY_S:.0f} s ({what}); see {self._home.log}."
                )
            self._pause()

    def _run_to_end(self, program: Program) -> str:
        """Run a command and wait for it; what it answered. Raises SettingsError with its last words."""
        child = self._child(program, Stage.WEB)
        child.start(stdout=subprocess.PIPE)
        while child.is_alive():
            self._pause()
        self._children.remove(child)
        answer, status = child.answer()
        if status:
            words = child.last_words().removeprefix("Error: ")
            raise SettingsError(f"`kontor {program.name}` failed: {words} (more in {child.log})")
        return answer

    # Running

    def _watch(self) -> None:
        while not self._stop_asked.is_set():
            self._look_after_children()
            self._stop_asked.wait(LOOK_S)

    def _look_after_children(self) -> None:
        """Start again who died, replace a lost warden, keep logs short, notice that our parent is gone."""
        if not self._warden.is_alive():
            self._warden = Warden(pass_fds=(self._lock,))
            for child in self._children:
                if child.pid is not None:
                    self._warden.watch(child.pid, stop_signal=child.program.stop_signal, stage=child.stage)
        for child in self._children:
            end = child.ended()
            if end is not None:
                self._say(
                    f"{child.program.name} {_how(end)}; starting it again in {child.wait_s:g} s. See {child.log}"
                )
            obstacle = child.restart_if_due()
            if obstacle is not None:
                self._say(
                    f"{child.program.name} cannot be started ({obstacle}); trying again in {child.wait_s:g} s."
                )
        if time.monotonic() > self._trim_at:
            self._trim_at = time.monotonic() + TRIM_S
            for child in self._children:
                child.trim_log()
        if self._parent is not None and os.getppid() != self._parent:
            self._stop_asked.set()

    # Stopping

    def _stop_everything(self) -> None:
        """Stage by stage: whoever still works has its database until it is done."""
        if self._stop_asked.is_set():
            self._say(
                "Stopping. Work in hand may end first; Ctrl-C again stops at once, and it goes on later."
            )
        self._home.retract()
        for stage in sorted(Stage, reverse=True):
            members = [child for child in self._children if child.stage is stage and child.pid is not None]
            if not members:
                continue
            signals = {child.pid: child.program.stop_signal for child in members if child.pid is not None}
            stop_all(signals, max(child.program.grace_s for child in members), hurry=lambda: self._hurry)
            for child in members:
                child.collect()
        self._warden.dismiss()
        if self._stop_asked.is_set():
            self._say("Stopped.")

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_asked.is_set() and now - self._stop_asked_at > SECOND_SIGNAL_S:
            self._hurry = True
        if not self._stop_asked.is_set():
            self._stop_asked_at = now
            self._stop_asked.set()

    # Children

    def _child(self, program: Program, stage: Stage) -> Child:
        child = Child(program, stage, self._home.log, lock=self._lock, warden=lambda: self._warden)
        self._children.append(child)
        return child

    def _lives(self, child: Child) -> bool:
        self._raise_if_stopping()
        return child.is_alive()

    def _pause(self) -> None:
        self._stop_asked.wait(LOOK_S)
        self._raise_if_stopping()

    def _raise_if_stopping(self) -> None:
        if self._stop_asked.is_set():
            raise Stopping


def _how(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
