"""Municipalities, their teams and the problem cases these bring."""
