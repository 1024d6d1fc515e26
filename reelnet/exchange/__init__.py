"""Runs from arrays and arrays from runs, for what does not train with torch."""
