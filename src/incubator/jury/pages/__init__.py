"""The pages of a jury: a file for each of its rooms."""
