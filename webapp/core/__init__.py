"""What every room of the house stands on; nothing in here knows what an order is."""
