"""Panels that show many training steps in one picture."""
