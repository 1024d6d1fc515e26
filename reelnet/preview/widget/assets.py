"""The script and the styles of the widget: all modules of the preview's page as one text, as notebooks take it."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from importlib.resources import files

from reelnet.export.html.fonts import embed_fonts

ENTRY = "preview/widget.js"
STYLES = "preview/widget.css", "preview/preview.css"

IMPORT = re.compile(r'^import (?:(\{[^}]*\}) from )?"(\.[\w./-]+\.js)";\n?', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
EXPORT_LIST = re.compile(r"\bexport\s*\{([^}]*)\};?\s*$")
"""The end of a module that a bundler has made."""

MODULE_KEYWORD = re.compile(r"^(?:import|export)\b(?! default).*$", re.MULTILINE)
STYLE_IMPORT = re.compile(r'@import "([\w./-]+\.css)";')
FONT_FACE = re.compile(r"@font-face \{[^}]*\}")
"""In a shadow tree, it has no effect."""

FONT, OWN_FONT = '"Open Sans"', '"reelnet Open Sans"'
"""A name of its own, so that texts of the notebook keep their font."""

CHARACTERS = "".join(
    chr(code)
    for first, last in ((0xA0, 0x17F), (0x370, 0x45F), (0x2010, 0x203A), (0x2190, 0x2265))
    for code in range(first, last + 1)
)
"""The characters that templates may show, beside those of controls: European letters, Greek, Cyrillic, signs."""


@cache
def read_script() -> str:
    """All modules as one. Each has a scope of its own, but for the first one, from which the others are imported.

    Raises:
        ValueError: A module imports or exports in another way than by name, or modules import each other.
    """
    modules = dict[str, str]()
    names = dict[str, str]()
    folder = files("reelnet").joinpath("figure")

    def join(path: str) -> str:
        if path in names:
            if path not in modules:
                raise ValueError(f"{path}: imports itself, through other modules")
            return names[path]
        name = names[path] = f"module{len(names)}"
        source = folder.joinpath(path).read_text("utf-8")

        def bind(found: re.Match[str]) -> str:
            target = join(_find_beside(path, found[2]))
            return f"const {found[1].replace(' as ', ': ')} = {target};\n" if found[1] else ""

        modules[path] = _wrap(name, IMPORT.sub(bind, source), path)
        return name

    join(ENTRY)
    return "\n".join(modules.values())


@cache
def read_style() -> str:
    """The style sheets for the shadow tree of a widget."""
    folder = files("reelnet").joinpath("figure")

    def read(path: str) -> str:
        sheet = FONT_FACE.sub("", folder.joinpath(path).read_text("utf-8"))
        return STYLE_IMPORT.sub(lambda found: read(_find_beside(path, found[1])), sheet)

    return "\n".join(map(read, STYLES)).replace(FONT, OWN_FONT)


@cache
def read_fonts() -> str:
    """The style sheet with the fonts, which browsers take from the document alone."""
    return embed_fonts(CHARACTERS).replace(FONT, OWN_FONT)


def _find_beside(path: str, target: str) -> str:
    """The path of a file that another one names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _wrap(name: str, source: str, path: str) -> str:
    """A module, whose imports are constants, as a constant with its exports; the first one as it is."""
    exports = EXPORT.findall(source)
    script = EXPORT.sub("", source)
    if listed := EXPORT_LIST.search(script):
        pairs = (each.strip().split(" as ") for each in listed[1].split(","))
        exports += [f"{pair[-1]}: {pair[0]}" for pair in pairs]
        script = script[: listed.start()]
    if found := MODULE_KEYWORD.search(script):
        raise ValueError(f"{path}: {found[0][:80]!r} cannot be joined with other modules")
    if path == ENTRY:
        return script
    return f"const {name} = (() => {{\n{script}\nreturn {{ {', '.join(exports)} }};\n}})();"
