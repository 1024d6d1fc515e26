"""Publication platforms and their limits, as data."""
