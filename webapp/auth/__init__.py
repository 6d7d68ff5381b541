"""Who may do what: staff, roles, sessions, passwords, and the limits of the sign-in page.

A request's way: cookie → sessions.py (one row, one query) → `current_staff()` → `@requires` in permissions.py → the view.
roles.py says what a role may do; service.py is the only place that changes a member of staff.
"""
