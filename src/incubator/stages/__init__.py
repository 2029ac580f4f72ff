"""The modules of a cohort, their assignments, the teams' submissions and the gates between modules."""
