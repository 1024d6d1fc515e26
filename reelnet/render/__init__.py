"""Pixels: panels drawn onto canvases of palette indices."""
