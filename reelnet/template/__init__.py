"""What the author writes."""
