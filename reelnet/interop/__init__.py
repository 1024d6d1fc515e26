"""Arrays and metrics of other tools, in and out."""
