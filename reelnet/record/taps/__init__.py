"""Taps: which outputs and parameters of a model are recorded, and how they are read."""
