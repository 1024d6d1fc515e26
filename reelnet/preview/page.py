"""The page of a preview and the files that it loads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable

CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".ttf": "font/ttf",
}
"""The types of the files that the page loads, by suffix; other files of the package are not served."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – reelnet preview</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="static/preview/preview.css">
<script type="module" nonce="{nonce}" src="static/preview/preview.js"></script>
</head>
<body>
<noscript>The preview needs JavaScript.</noscript>
</body>
</html>
"""

POLICY = (
    "default-src 'none'",
    # What a module imports has its nonce. Styles have one for the editor, whose script makes them.
    "script-src 'nonce-{nonce}'",
    "style-src 'self' 'nonce-{nonce}'",
    "img-src blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


@dataclass(frozen=True)
class StaticFile:
    """A file of the package that the page loads.

    Attributes:
        file: The file.
        content_type: Its type, for `Content-Type`.
    """

    file: Traversable
    content_type: str


def make_page(title: str, nonce: str) -> bytes:
    """The page, as HTML.

    Args:
        title: What the tab of the browser shows.
        nonce: A random text for this page alone, as in its policy.
    """
    return PAGE.format(title=escape(title), nonce=nonce).encode("utf-8", "replace")


def make_policy(nonce: str) -> str:
    """What the page may load and run, for `Content-Security-Policy`."""
    return "; ".join(POLICY).format(nonce=nonce)


@cache
def list_static_files() -> dict[str, StaticFile]:
    """The files that the page loads, by their paths below `static/`.

    The paths are those below `reelnet/figure`, so that the modules import each other as they lie there, and
    `fonts/NAME` for the fonts of the package.
    """
    package = files("reelnet")
    return {
        **_list_folder(package.joinpath("figure"), ""),
        **_list_folder(package.joinpath("data", "fonts"), "fonts/"),
    }


def _list_folder(folder: Traversable, prefix: str) -> dict[str, StaticFile]:
    found: dict[str, StaticFile] = {}
    for file in folder.iterdir():
        suffix = file.name[file.name.rfind(".") :]
        if file.is_dir():
            found |= _list_folder(file, f"{prefix}{file.name}/")
        elif suffix in CONTENT_TYPES:
            found[prefix + file.name] = StaticFile(file, CONTENT_TYPES[suffix])
    return found
