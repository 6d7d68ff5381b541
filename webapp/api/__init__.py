"""`/api/v1`: the pages' inputs, services, queries, permissions and refusals, for programs.

A request → auth/presenting.py (which token) → the guard of auth/permissions.py (may it) → idempotency.py (was this
POST done already) → a handler in resources/ (parse, call, answer) → the services and queries of the pages.
What an answer looks like stands in shapes/; what can be sent is made from the services' own inputs (from_inputs.py).
"""

from webapp.api.app import init_api

__all__ = ["init_api"]
