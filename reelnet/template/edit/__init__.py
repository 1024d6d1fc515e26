"""Edits of the text of a template that keep everything else as the author wrote it."""
