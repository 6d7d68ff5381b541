"""An address as its lines on a parcel."""

from webapp.customers.models import Address


def address_lines(address: Address) -> list[str]:
    """Name and company first, then from the street to the country; lines that would be empty are left out."""
    town = ", ".join(filter(None, (address.district, address.city, address.state)))
    place = " ".join(filter(None, (address.postcode, address.country)))
    lines = (address.full_name, address.company, address.line1, address.line2, town, place)
    return [line for line in lines if line]
