"""Panels of curves and histograms."""
