"""Calibration on sample projects, before the marks that count."""
