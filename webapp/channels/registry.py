"""Which kinds of channel there are: a list to read, not a folder that is scanned."""

from webapp.channels.base import ChannelType, CredentialField
from webapp.channels.integrations.woocommerce import integration as woocommerce
from webapp.channels.integrations.woocommerce.pushing import WooPushes
from webapp.channels.integrations.woocommerce.refunding import WooRefunds
from webapp.channels.integrations.woocommerce.settings import CHOICES as WOOCOMMERCE_CHOICES
from webapp.channels.integrations.woocommerce.settings import SETTINGS as WOOCOMMERCE_SETTINGS
from webapp.channels.integrations.woocommerce.settings import check_settings as check_woocommerce_settings
from webapp.channels.integrations.woocommerce.webhooks import read_webhook as read_woocommerce_webhook
from webapp.core.errors import InvalidInput
from webapp.core.sentences import said
from webapp.core.text import N_

CHANNEL_TYPES: dict[str, ChannelType] = {
    "woocommerce": ChannelType(
        slug="woocommerce",
        label="WooCommerce",
        integration=woocommerce.Integration,
        command_integration=woocommerce.CommandIntegration,
        credential_fields=(
            CredentialField(
                "consumer_key",
                N_("Consumer key"),
                hint=N_(
                    "Made in the shop: WooCommerce › Settings › Advanced › REST API, with read and write access."
                ),
            ),
            CredentialField("consumer_secret", N_("Consumer secret")),
            CredentialField(
                "webhook_secret",
                N_("Webhook secret"),
                is_required=False,
                hint=N_(
                    "The secret of the shop's webhooks: with it the shop tells of changes at once. "
                    "Their address stands on the channel's page."
                ),
            ),
            CredentialField(
                "webhook_secret_previous",
                N_("Previous webhook secret"),
                is_required=False,
                hint=N_("The former secret, until the shop uses the new one."),
            ),
        ),
        allowed_methods=frozenset({"get_class", "do_action"}),
        settings=WOOCOMMERCE_SETTINGS,
        check_settings=check_woocommerce_settings,
        setting_choices=WOOCOMMERCE_CHOICES,
        read_webhook=read_woocommerce_webhook,
        refunds=WooRefunds.over,
        pushes=WooPushes.over,
    ),
}


def channel_type(slug: str) -> ChannelType:
    """The kind of channel with this key. Raises InvalidInput naming those that exist."""
    try:
        return CHANNEL_TYPES[slug]
    except KeyError:
        known = ", ".join(sorted(CHANNEL_TYPES))
        raise InvalidInput(
            said(N_("There is no channel type “%(slug)s”. Use one of: %(known)s."), slug=slug, known=known),
            fields={"channel_type": [said(N_("Choose one of: %(known)s."), known=known)]},
        ) from None
