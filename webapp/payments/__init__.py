"""Payments: what was paid by which tender, and what has gone back. Knows no order."""
