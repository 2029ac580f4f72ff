"""Programmes, the blueprints that describe their formats, and the cohorts run from them."""
