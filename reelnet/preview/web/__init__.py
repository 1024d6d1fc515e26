"""The server of a preview: brings the calls of a page in the browser to a `Preview`, and keeps others out."""
