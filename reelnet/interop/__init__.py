"""Exchange with other tools: runs from arrays, arrays from runs, and metrics that another tool logged."""
