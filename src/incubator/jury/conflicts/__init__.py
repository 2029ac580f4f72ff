"""Conflicts of interest: declared, claimed, derived from what is known, and what follows from them."""
