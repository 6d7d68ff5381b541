"""What staff read about a channel: how it fares, and the verdicts of a run."""

from dataclasses import dataclass

from webapp.channels.queries import ChannelHealth
from webapp.core.text import N_
from webapp.orders.enums import Dot


@dataclass(frozen=True)
class ChannelState:
    """A dot's colour, the word beside it, and the channel's own words when something is wrong."""

    dot: Dot
    label: str
    words: str = ""


def channel_state(health: ChannelHealth) -> ChannelState:
    """The one thing about a channel that matters most just now."""
    if not health.channel.is_active:
        return ChannelState(Dot.GREY, N_("Switched off"))
    if health.breaker is not None and health.is_held_back:
        return ChannelState(Dot.RED, N_("Does not answer"), health.breaker.last_error or "")
    if health.last_error:
        return ChannelState(Dot.AMBER, N_("Last pull failed"), health.last_error)
    if health.running is not None:
        return ChannelState(Dot.BLUE, N_("Pulling"))
    if health.last_pull_at is None:
        return ChannelState(Dot.GREY, N_("Not read yet"))
    return ChannelState(Dot.GREEN, N_("In order"))


# What a dry run says an order would come to.
VERDICTS: dict[str, str] = {
    "created": N_("would be new"),
    "updated": N_("would change"),
    "failed": N_("could not be taken"),
    "skipped": N_("would be skipped"),
}
