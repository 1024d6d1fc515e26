"""Encoders, one per file format."""
