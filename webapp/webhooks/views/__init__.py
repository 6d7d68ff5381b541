"""The pages of webhooks: overview.py reads, settings.py adds and changes, deeds.py are the buttons."""

from webapp.webhooks.views import deeds, overview, settings
from webapp.webhooks.views.blueprint import blueprint

__all__ = ["blueprint", "deeds", "overview", "settings"]
