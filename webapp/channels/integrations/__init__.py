"""One package per kind of channel; they do not know each other, and registry.py lists them."""
