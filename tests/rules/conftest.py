"""How often a property is tried: a small round every day; `make test-long` makes 20 rounds of 5,000."""

from hypothesis import HealthCheck, settings

# No deadlines: a test on a busy machine says nothing about the rule.
settings.register_profile("daily", deadline=None, max_examples=150)
settings.register_profile(
    "long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("daily")
