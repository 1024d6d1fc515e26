"""Where the files of a run lie: a folder or an object store."""
