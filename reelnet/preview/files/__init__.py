"""The files that a preview reads, writes and watches."""
