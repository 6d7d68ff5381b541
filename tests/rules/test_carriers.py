"""Which carrier a shop's words mean, and where its parcels are followed."""

import pytest

from webapp.cargo.carriers import BY_SLUG, CARRIERS, carrier_slug, tracking_url


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("Yurtiçi Kargo - Ücretsiz", "yurtici"),
        ("YURTİÇİ KARGO", "yurtici"),
        ("ups_standard", "ups"),
        ("DHL Express Worldwide", "dhl"),
        ("DHL eCommerce Türkiye", "dhl-ecommerce-tr"),
        ("dhl-ecommerce-tr", "dhl-ecommerce-tr"),
        ("MNG Kargo", "dhl-ecommerce-tr"),
        ("Sürat Kargo", "surat"),
        ("Sürat teslimat", None),
        ("flat_rate", None),
        ("free_shipping", None),
        ("Groups and upstairs", None),
        ("", None),
    ],
)
def test_the_words_of_a_shipping_option_when_read_then_they_mean_a_carrier_or_none(
    words: str, slug: str | None
) -> None:
    assert carrier_slug(words) == slug


def test_a_number_when_put_into_the_page_then_it_cannot_break_out_of_it() -> None:
    assert (
        tracking_url(BY_SLUG["ups"].template, "1Z/..?a=b&c")
        == "https://www.ups.com/track?tracknum=1Z%2F..%3Fa%3Db%26c"
    )


def test_a_carrier_without_a_page_when_asked_then_there_is_none() -> None:
    assert tracking_url(BY_SLUG["trendyol-express"].template, "7330") is None


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.slug)
def test_every_carrier_when_named_by_its_slug_or_name_then_it_is_found(carrier: object) -> None:
    assert carrier_slug(carrier.slug) == carrier.slug  # type: ignore[attr-defined]
    assert carrier_slug(carrier.name) == carrier.slug  # type: ignore[attr-defined]
