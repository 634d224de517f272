"""How many examples of hypothesis a law is tried on, where each takes long."""

from hypothesis import settings


def share(part: float) -> settings:
    """A decorator: this share of the examples of the profile, so that a hunt still tries more than the suite does."""
    return settings(max_examples=max(2, round(part * settings().max_examples)))
