"""Frames of true color, such as those of films: every pixel is a color of its own."""
