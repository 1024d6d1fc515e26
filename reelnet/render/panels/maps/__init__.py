"""Panels of activation maps, inputs and weights."""
