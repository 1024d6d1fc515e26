"""Films: moviepy's clips, written exactly."""
