"""Captions, and notes on single cells."""
