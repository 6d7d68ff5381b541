"""Carriers: who takes the parcel, and where a customer can follow it."""
