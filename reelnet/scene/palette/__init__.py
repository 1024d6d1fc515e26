"""The colors of a scene as palette indices."""
