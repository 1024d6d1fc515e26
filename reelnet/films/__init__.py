"""Films: clips of moviepy, read exactly, and composed from what a file or a list says."""
