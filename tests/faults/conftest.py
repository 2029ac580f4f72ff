"""The hall of the rights tests: a request is tried in a state of the world and taken back."""

from rights.conftest import hall, trial  # noqa: F401
