"""Carriers, as staff keep them."""

from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.core import checks
from webapp.core.reference import Kind, Values, refuse
from webapp.core.text import N_


def _check(_session: Session, values: Values) -> Values:
    template = checks.web_address("tracking_url_template", values["tracking_url_template"])
    if template and template.count("{n}") != 1:
        raise refuse("tracking_url_template", N_("Write {n} once, where the tracking number goes."))
    return {
        "slug": checks.slug("slug", values["slug"]),
        "name": checks.words("name", values["name"], longest=120),
        "tracking_url_template": template,
        "is_active": bool(values["is_active"]),
    }


# Orders and mappings name a carrier by its slug: it stays.
CARGO_COMPANY = Kind(
    word="cargo_company",
    model=CargoCompany,
    fields=("slug", "name", "tracking_url_template", "is_active"),
    check=_check,
    fixed=frozenset({"slug"}),
    taken={"uq_cargo_company_slug": ("slug", N_("Another carrier has this short name."))},
)
