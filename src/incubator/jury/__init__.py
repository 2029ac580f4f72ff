"""Rounds, criteria, score sheets, and the result of the jury that can be defended."""
