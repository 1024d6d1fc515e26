"""Recording from other people's training loops: each a thin adapter to `Recorder`."""
