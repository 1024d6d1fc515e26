"""Many reels at once: tasks as plain data, performed by any executor."""
