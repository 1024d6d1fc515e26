"""The panels, one folder per kind of content. `render/registry.py` lists them by their names in templates."""
