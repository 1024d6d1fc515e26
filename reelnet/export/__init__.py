"""Files: frames in, animation out."""
