"""How pages look to a reader: what may be chosen, and how the choice is kept in a cookie and in the account. Pure."""

from collections.abc import Mapping
from typing import Final

COOKIE: Final = "display"
LASTS: Final = 365 * 24 * 3600  # seconds
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "theme": ("light", "dark", "contrast"),
    "text": ("125", "150", "200"),
    "spacing": ("wide",),
    "motion": ("none",),
    "keys": ("none",),
}
"""By name, what differs from how pages look by themselves."""


def read(text: str) -> dict[str, str]:
    """A kept choice (`theme-dark.text-150`); what nobody can choose is left out."""
    pairs = (pair.partition("-") for pair in text[:200].split("."))
    return {name: value for name, _, value in pairs if value in CHOICES.get(name, ())}


def write(chosen: Mapping[str, str]) -> str:
    """A choice as it is kept; at most 80 characters."""
    return ".".join(f"{name}-{chosen[name]}" for name in CHOICES if chosen.get(name) in CHOICES[name])
