"""YAML with source positions, and errors that name them."""
