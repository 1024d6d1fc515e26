"""How a browser opens a rendered file: with its type, its name, and no more rights than it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

RENDER = re.compile(r"renders/([0-9]{1,9})/([0-9]{1,9})")
"""The path of a rendered file: the number of its job, and its own within the job."""

CONTENT_TYPES = {
    ".apng": "image/apng",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webm": "video/webm",
    ".webp": "image/webp",
}

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
)

DOCUMENT = POLICY + "img-src data:; "
"""For what could hold scripts: it has an origin of its own, whose calls the preview refuses."""

POLICIES = {
    ".html": DOCUMENT + "script-src 'unsafe-inline'; sandbox allow-scripts",
    ".svg": DOCUMENT + "sandbox",
    ".pdf": DOCUMENT + "sandbox",
}
"""The policies of documents; others are those of pictures and films, which the browser loads once more."""

MEDIA = POLICY + "img-src 'self' data:; media-src 'self'"

DOWNLOADED = (".pdf",)
"""Browsers do not open these in a sandbox."""


def make_headers(file: Path) -> Mapping[str, str]:
    """The headers with which a file is sent, but for its length."""
    suffix = file.suffix.lower()
    disposition = "attachment" if suffix in DOWNLOADED or suffix not in CONTENT_TYPES else "inline"
    return {
        "Content-Type": CONTENT_TYPES.get(suffix, "application/octet-stream"),
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file.name, safe='', errors='replace')}",
        "Content-Security-Policy": POLICIES.get(suffix, MEDIA),
    }
