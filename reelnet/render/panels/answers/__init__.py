"""Panels of what a classifier answers."""
