"""Temporal quantization of map values."""
