"""What lies on disk: a run folder of immutable files and one append-only log."""
