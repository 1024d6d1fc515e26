"""Which step each frame shows, and for how long."""
