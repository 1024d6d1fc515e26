"""YAML files: values with positions, models to read them into, and error messages that name line and key."""
