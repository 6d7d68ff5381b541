"""The adapter of a channel, put together for one piece of work."""

from webapp.channels.applying import Fence, OrderIntake, no_fence
from webapp.channels.base import CommandIntegration, Integration
from webapp.channels.connection import ChannelConnection
from webapp.channels.profile import ChannelProfile
from webapp.channels.registry import channel_type
from webapp.core.hints import current_hints


def command_integration(profile: ChannelProfile) -> CommandIntegration:
    """The second way to speak with the channel."""
    return channel_type(profile.channel_type).command_integration(profile, _connect(profile))


def integration(profile: ChannelProfile, fence: Fence = no_fence) -> Integration:
    """The first way to speak with the channel; what it takes in is fenced by `fence`."""
    kind = channel_type(profile.channel_type).integration
    serializer = kind.serializer_class["orders"](profile)
    intake = OrderIntake(profile.id, serializer.read, fence, actor=profile.name)
    return kind(profile, _connect(profile), intake)


def _connect(profile: ChannelProfile) -> ChannelConnection:
    return ChannelConnection(profile, current_hints().settings)
