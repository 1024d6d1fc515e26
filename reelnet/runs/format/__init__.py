"""The files of a run folder: arrays, segments and the log."""
