"""A strict carrier: labels, new addresses, redirects; it acts once for every reference."""
