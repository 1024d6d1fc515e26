"""Vector pictures: frames as PDF and SVG, made from their descriptions."""
