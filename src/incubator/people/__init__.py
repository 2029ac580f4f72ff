"""Accounts, sign-in, invitations, roles and conflicts of interest."""
