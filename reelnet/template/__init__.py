"""Templates: what an author writes in YAML, checked and merged into a `Template`."""
