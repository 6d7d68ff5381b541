"""Kontor, the order back-office for retailers who sell on many channels."""
