"""Panels of class predictions."""
