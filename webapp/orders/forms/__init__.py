"""Forms of the order pages: what was typed, as the services take it."""

from webapp.orders.forms.notes import NoteForm

__all__ = ["NoteForm"]
