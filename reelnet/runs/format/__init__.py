"""The bytes of a run folder: arrays, segments, the log."""
