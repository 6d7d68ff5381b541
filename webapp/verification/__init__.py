"""`kontor verify`: proves over the whole database that money and statuses add up.

Every check is SQL over a range of order ids and returns only what is broken, so memory stays constant and a
million orders are read once, front to back. checks/ lists them; run.py walks.
"""

from webapp.verification.run import Finding, verify

__all__ = ["Finding", "verify"]
