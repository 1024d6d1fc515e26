"""Callbacks that record from the training loops of other frameworks."""
