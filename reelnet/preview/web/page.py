"""The page of a preview and the files that it loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import dirname, join, normpath

CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".ttf": "font/ttf",
}
"""The types of the files that the page loads, by suffix; other files of the package are not served."""

SCRIPT, STYLE = "preview/preview.js", "preview/preview.css"
"""The module and the style sheet that the page begins with."""

IMPORT = re.compile(r'\b(?:from|import) "([^":]+)";')

PRELOADS = {
    STYLE: '<link rel="preload" as="style" nonce="{nonce}" href="static/{path}">',
    SCRIPT: '<link rel="modulepreload" nonce="{nonce}" href="static/{path}">',
}
"""Let the browser ask at once for what these import, and not only when what imports it has come."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – reelnet preview</title>
<link rel="icon" href="data:,">
{preloads}
<link rel="stylesheet" href="static/{style}">
<script type="module" nonce="{nonce}" src="static/{script}"></script>
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
    preloads = "\n".join(
        line.format(nonce=nonce, path=path)
        for start, line in PRELOADS.items()
        for path in list_imported(start)
    )
    page = PAGE.format(title=escape(title), nonce=nonce, preloads=preloads, script=SCRIPT, style=STYLE)
    return page.encode("utf-8", "replace")


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


@cache
def list_imported(start: str) -> list[str]:
    """The paths of all that a module or a style sheet imports, and of all that these import."""
    found = [start]
    for path in found:
        source = list_static_files()[path].file.read_text("utf-8")
        imported = (normpath(join(dirname(path), name)) for name in IMPORT.findall(source))
        found += [each for each in dict.fromkeys(imported) if each not in found]
    return found[1:]


def _list_folder(folder: Traversable, prefix: str) -> dict[str, StaticFile]:
    found: dict[str, StaticFile] = {}
    for file in folder.iterdir():
        suffix = file.name[file.name.rfind(".") :]
        if file.is_dir():
            found |= _list_folder(file, f"{prefix}{file.name}/")
        elif suffix in CONTENT_TYPES:
            found[prefix + file.name] = StaticFile(file, CONTENT_TYPES[suffix])
    return found
