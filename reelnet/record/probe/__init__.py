"""The probe: runs the fixed samples through a model and leaves no trace in it."""
