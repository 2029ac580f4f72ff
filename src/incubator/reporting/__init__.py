"""Overviews, activity and exports across every feature; owns no table."""
