"""Running the fixed samples through a model without a trace."""
