"""Repeatable measurements, outside the tests. `make bench` runs all of them and writes bench/RESULTS.md."""
