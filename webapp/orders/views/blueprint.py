"""The blueprint of all pages of orders."""

from flask import Blueprint

blueprint = Blueprint("orders", __name__, url_prefix="/orders")
