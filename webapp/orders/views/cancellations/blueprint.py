"""The blueprint of the pages about many cancellations."""

from flask import Blueprint

blueprint = Blueprint("cancellations", __name__, url_prefix="/cancellations")
