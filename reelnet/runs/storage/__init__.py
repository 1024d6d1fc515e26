"""Storage of run folders: on a file system or in an object store."""
