"""Channels: places that sell, and the adapters that speak with them."""
