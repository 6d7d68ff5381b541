"""Calls of every operation of the API, in the order in which docs/api.md shows them."""
