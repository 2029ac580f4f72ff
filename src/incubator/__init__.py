"""Incubator: cohort programmes of municipal teams, from a problem case to a jury result that can be defended."""

__version__ = "0.1.0"
