"""The contact sheet: every built-in template on runs of every shape, rendered, measured and shown on one page."""
