"""The only way an adapter calls its shop: within the shared rate, behind the breaker, judged and remembered."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from webapp.channels.limits import block, take_token
from webapp.channels.profile import ChannelProfile
from webapp.core import breaker
from webapp.core.db import unit_of_work
from webapp.core.errors import IntegrationError
from webapp.core.http import Answer, Authorise, HttpClient
from webapp.core.reach import AddressRefused, Reach
from webapp.core.settings import Settings

# A wait up to this long is slept through; a longer one gives the worker back.
PATIENCE_S = 2.0
# What a shop gets that says "too many requests" without saying for how long.
DEFAULT_RETRY_AFTER_S = 30.0
# A shop that asks for a day of silence is asked again in an hour.
LONGEST_WAIT_S = 3600.0

# Raises IntegrationError when the answer is a refusal; an adapter knows its shop's words.
Judge = Callable[[Answer], None]


class MustWait(IntegrationError):
    """Not now: the operation is to be put off by `seconds` and its worker freed."""

    code = "must_wait"

    def __init__(self, seconds: float, note: str) -> None:
        super().__init__(note)
        self.seconds = min(seconds, LONGEST_WAIT_S)


class WrongAddress(IntegrationError):
    """There is something at the channel's address, but not (or not now) the channel."""

    code = "wrong_address"

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NoSuchRemote(IntegrationError):
    """The channel answered that it does not have (or no longer has) what was asked for."""

    code = "no_such_remote"

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class ChannelConnection:
    """Calls of one channel. No unit of work may be open: it opens short ones of its own, never across a call."""

    def __init__(
        self,
        profile: ChannelProfile,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        before_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_change` runs right before anything is sent that changes something; what it raises prevents it."""
        self._profile = profile
        self._before_change = before_change
        self._timing = settings.timing
        self._sleep = sleep
        self._http = HttpClient(
            profile.system,
            reach=Reach(allow_private=settings.allow_private_network),
            timing=settings.timing,
            sleep=sleep,
        )

    def get(
        self,
        url: str,
        *,
        what: str,
        judge: Judge,
        params: Mapping[str, str] | None = None,
        authorise: Authorise | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Read something. Raises MustWait, and IntegrationError as the judge finds or when there is no answer."""
        self._wait_for_turn()
        try:
            answer = self._http.get(url, what=what, params=params, authorise=authorise, timeout_s=timeout_s)
            self._obey(answer)
            judge(answer)
        except MustWait:
            raise
        except IntegrationError as error:
            self._remember(error)
            raise
        self._remember(None)
        return answer

    def send(
        self,
        method: str,
        url: str,
        *,
        what: str,
        judge: Judge,
        json_body: Mapping[str, Any],
        authorise: Authorise | None = None,
    ) -> Answer:
        """Change something; sent exactly once. Raises MustWait, and IntegrationError as the judge finds.

        Without an answer (NoAnswer) the change may have been made all the same.
        """
        self._wait_for_turn()
        self._before_change()
        try:
            answer = self._http.send(method, url, what=what, json_body=json_body, authorise=authorise)
            self._obey(answer)
            judge(answer)
        except MustWait:
            raise
        except IntegrationError as error:
            self._remember(error)
            raise
        self._remember(None)
        return answer

    def _wait_for_turn(self) -> None:
        while wait := self._take_turn():
            if wait > PATIENCE_S:
                raise MustWait(wait, "Waiting for the channel's rate limit.")
            self._sleep(wait)

    def _take_turn(self) -> float | None:
        with unit_of_work() as session:
            wait = take_token(session, self._profile.id, self._profile.requests_per_minute)
            if wait is not None:
                return wait
            pause = breaker.admit(session, self._profile.system, self._timing)
        if pause is not None:
            raise MustWait(pause, "The channel does not answer at the moment.")
        return None

    def _obey(self, answer: Answer) -> None:
        """429, and 503 with a time: everybody leaves the channel alone for as long as it asks."""
        asked = answer.retry_after_s
        if answer.status != 429 and (answer.status != 503 or asked is None):
            return
        seconds = min(DEFAULT_RETRY_AFTER_S if asked is None else max(asked, 1.0), LONGEST_WAIT_S)
        with unit_of_work() as session:
            block(session, self._profile.id, seconds)
        raise MustWait(seconds, f"The channel asked for a pause of {seconds:.0f} s.")

    def _remember(self, error: IntegrationError | None) -> None:
        """Tell the breaker. A definite refusal is an answer too: the channel lives."""
        if isinstance(error, AddressRefused):
            return
        with unit_of_work() as session:
            if error is None or error.permanent:
                breaker.note_success(session, self._profile.system)
            else:
                breaker.note_failure(session, self._profile.system, error.message, self._timing)
