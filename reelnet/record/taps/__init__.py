"""What is recorded of a model."""
