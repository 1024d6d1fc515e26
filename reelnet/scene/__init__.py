"""What a template means for one run: pixel boxes, one palette, a timeline."""
