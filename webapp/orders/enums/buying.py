"""How the goods reach the customer, and what they ordered with."""

from enum import StrEnum

from webapp.core.text import N_
from webapp.orders.enums.worded import Worded, Wording, say


class DeliveryType(Worded, StrEnum):
    """How the goods reach the customer; only store pickup knows `ready for pickup`."""

    STANDARD = "standard"
    SAME_DAY = "same_day"
    SCHEDULED = "scheduled"
    STORE_PICKUP = "store_pickup"


say(
    DeliveryType,
    {
        DeliveryType.STANDARD: Wording(N_("Standard delivery")),
        DeliveryType.SAME_DAY: Wording(N_("Same-day delivery")),
        DeliveryType.SCHEDULED: Wording(N_("Scheduled delivery")),
        DeliveryType.STORE_PICKUP: Wording(N_("Store pickup")),
    },
)


class ClientType(Worded, StrEnum):
    """What the customer ordered with."""

    DEFAULT = "default"
    ANDROID = "android"
    IOS = "ios"
    IN_STORE = "in_store"


say(
    ClientType,
    {
        ClientType.DEFAULT: Wording(N_("Web")),
        ClientType.ANDROID: Wording(N_("Android app")),
        ClientType.IOS: Wording(N_("iOS app")),
        ClientType.IN_STORE: Wording(N_("In store")),
    },
)
