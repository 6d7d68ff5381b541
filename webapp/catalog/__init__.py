"""Products as far as an order needs them."""
