"""Finding template files by name, and putting a template on top of those that it extends."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata, resources
from pathlib import Path
from types import ModuleType
from typing import Any

from platformdirs import user_config_path

from reelnet.config.diagnostics import Diagnostic, SourcePosition, locate_character, raise_diagnostic
from reelnet.config.source import MAX_NODES, Node, parse_yaml
from reelnet.errors import TemplateError, suggest_names
from reelnet.template.inheritance import apply_settings, count_values, merge_nodes
from reelnet.template.shorthand import expand_shorthand

ENTRY_POINT_GROUP = "reelnet.templates"
"""Entry points of other packages: each is a file or folder of templates, or a package that holds them."""

SUFFIXES = (".yaml", ".yml")
MAX_FILE_BYTES = 1_000_000
MAX_EXTENDED_FILES = 20
"""Files in a row that extend each other, and names in one `extends`."""


def find_template(name: str, *, folders: Sequence[Path] | None = None) -> Path:
    """The file of a template.

    A name with a slash or the suffix .yaml or .yml, or of a file that is there, is a path. Any other name is
    looked up in ./templates, in the user's folder, in other packages, and among the built-in templates.

    Args:
        name: A name or a path.
        folders: Where to look a name up instead.

    Raises:
        TemplateError: There is none, or the package that offers this name is broken.
    """
    if is_path(name) or (folders is None and _kind(Path(name)) == "file"):
        return _existing(Path(name))
    for file in _candidates(name, folders):
        return file
    raise TemplateError(f"no template {name!r}; {suggest_names(name, list_templates(folders=folders))}")


def list_templates(*, folders: Sequence[Path] | None = None) -> dict[str, Path]:
    """Every template that can be asked for by name, with its file, in the order in which names are looked up.

    Where several have the same name, it is the one that is found. Packages that are broken are left out.
    """
    known: dict[str, Path] = {}
    for offered in _offers(None, folders):
        for name, file in offered.items():
            known.setdefault(name, file)
    return known


def load_node(name: str | Path, settings: Sequence[str] = (), aside: list[Diagnostic] | None = None) -> Node:
    """A template on top of those that it extends, with settings such as `timeline.fps=5` on top of all.

    Mistakes beside which the rest can be read go to `aside`; without it they are raised.

    Raises:
        TemplateError: A file is not there, cannot be read, or extends itself.
        UsageError: A setting cannot be read, or does not fit.
    """
    file = find_template(name) if isinstance(name, str) else _existing(name)
    return apply_settings(_Family(aside).load(file), settings)


def builtin_folder() -> Path:
    """Where the built-in templates lie: in the package, or beside it in a checkout."""
    package = Path(str(resources.files("reelnet")))
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def is_path(name: str) -> bool:
    """Whether a name can only be a path."""
    return "/" in name or "\\" in name or name.lower().endswith(SUFFIXES)


def read_template_file(file: Path, aside: list[Diagnostic] | None = None) -> Node:
    """The content of one file; what it extends is not looked at. An empty file is an empty map. See `load_node`.

    Raises:
        TemplateError: It cannot be read, or is not a map in the YAML that templates are written in.
    """
    node = parse_yaml(_text_of(file), str(file), aside)
    if not isinstance(node.value, dict) and node.value is not None:
        raise_diagnostic(node.position, "a template is a map of keys such as panels, layout and theme")
    return node if node.value is not None else replace(node, value={})


class _UnreadableError(TemplateError):
    """A file of which not even the text can be had."""


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _UnreadableError(
            f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise _UnreadableError(f"{file}: a template has at most {MAX_FILE_BYTES:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        what = f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _UnreadableError(f"{locate_character(before, len(before), str(file))}: {what}") from None


Layers = dict[str, Node]
"""What each file says itself, by the file's identity; later ones lie on top."""


@dataclass
class _Family:
    """Files that extend each other. Each is read once, however often it is named."""

    _aside: list[Diagnostic] | None = None
    _read: dict[str, Layers] = field(default_factory=dict)

    def load(self, file: Path) -> Node:
        """A file on top of all that it extends.

        A file that is extended in several ways counts once, where it comes first: `[square, dark]`, which both
        extend `article`, is article, then square, then dark.
        """
        whole: Node | None = None
        for key, layer in self._layers(file, (file,)).items():
            own = layer if key == _identity(file) else _anonymous(layer)
            whole = own if whole is None else _bounded(merge_nodes(whole, own), own.position)
        if whole is None:
            raise AssertionError(f"{file} has not even itself to say")
        return whole

    def _layers(self, file: Path, chain: tuple[Path, ...]) -> Layers:
        """What a file extends, in order, and itself; `chain` holds the files that lead to it."""
        key = _identity(file)
        if key not in self._read:
            node = expand_shorthand(read_template_file(file, self._aside))
            content = node.value if isinstance(node.value, dict) else {}
            found: Layers = {}
            for name in _names(content["extends"]) if "extends" in content else ():
                extended = _extended(name, file, chain)
                try:
                    for each, own in self._layers(extended, (*chain, extended)).items():
                        found.setdefault(each, own)
                except _UnreadableError as error:
                    raise_diagnostic(name.position, str(error), "extends")
            words = {word: each for word, each in content.items() if word != "extends"}
            self._read[key] = {**found, key: replace(node, value=words)}
        return self._read[key]


def _anonymous(node: Node) -> Node:
    """A template without the sentence about itself, which is not inherited."""
    content = node.value if isinstance(node.value, dict) else {}
    return replace(node, value={key: each for key, each in content.items() if key != "about"})


def _names(extends: Node) -> list[Node]:
    place = extends.key_position or extends.position
    names = extends.value if isinstance(extends.value, list) else [extends]
    if extends.value is None:
        return []
    if len(names) > MAX_EXTENDED_FILES:
        raise_diagnostic(place, f"names {len(names)} templates; {MAX_EXTENDED_FILES} is the limit", "extends")
    for name in names:
        if not isinstance(name.value, str) or not name.value:
            raise_diagnostic(
                name.position, "needs the name or the path of a template, or a list of them", "extends"
            )
    return names


def _extended(name: Node, file: Path, chain: tuple[Path, ...]) -> Path:
    """The file that a name in `extends` stands for."""
    try:
        found = _resolved(str(name.value), file)
    except TemplateError as error:
        raise_diagnostic(name.position, str(error), "extends")
    if _identity(found) in map(_identity, chain):
        raise_diagnostic(
            name.position, f"templates extend each other: {' → '.join(map(str, (*chain, found)))}", "extends"
        )
    if len(chain) >= MAX_EXTENDED_FILES:
        raise_diagnostic(
            name.position, f"more than {MAX_EXTENDED_FILES} templates in a row extend each other", "extends"
        )
    return found


def _resolved(name: str, file: Path) -> Path:
    if is_path(name):
        if not name.lower().endswith(SUFFIXES):
            raise TemplateError(f"{name!r} does not end in .yaml")
        return _existing(file.parent / name)
    found = list(_candidates(name))
    if not found:
        raise TemplateError(f"no template {name!r}; {suggest_names(name, list_templates())}")
    # A template that extends its own name adapts the one that it hides, which comes after it.
    own, identities = _identity(file), [_identity(each) for each in found]
    after = identities.index(own) + 1 if own in identities else 0
    for each, identity in zip(found[after:], identities[after:], strict=True):
        if identity != own:
            return each
    raise TemplateError(f"there is no other template {name!r} than this one")


def _existing(file: Path) -> Path:
    kind = _kind(file)
    if kind == "file":
        return file
    named = list_templates() if file.parent == Path() else {}
    what = "there is no such file" if kind == "nothing" else f"is a {kind}, not a template"
    raise TemplateError(f"{file}: {what}" + (f"; {suggest_names(file.stem, named)}" if named else ""))


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return "nothing"
    # A pipe or a device could be read for ever.
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "device"


def _candidates(name: str, folders: Sequence[Path] | None = None) -> Iterator[Path]:
    """Every file that has this name, the one that is found first."""
    for offered in _offers(name, folders):
        if name in offered:
            yield offered[name]


def _offers(wanted: str | None, folders: Sequence[Path] | None) -> Iterator[dict[str, Path]]:
    """What each source of templates has, in order. A broken package counts only if its own name is wanted."""
    if folders is not None:
        yield from map(_in_folder, folders)
        return
    yield _in_folder(Path("templates"))
    yield _in_folder(user_config_path("reelnet") / "templates")
    for point in metadata.entry_points(group=ENTRY_POINT_GROUP):
        try:
            offered = _of_package(point)
        except TemplateError:
            if point.name == wanted:
                raise
            continue
        yield offered
    yield _in_folder(builtin_folder())


def _in_folder(folder: Path) -> dict[str, Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES and _kind(file) == "file")
    except OSError:
        return {}
    found: dict[str, Path] = {}
    for file in files:
        found.setdefault(file.stem, file)
    return found


def _of_package(point: metadata.EntryPoint) -> dict[str, Path]:
    who = f"the entry point {point.name!r} of {ENTRY_POINT_GROUP} ({point.value})"
    try:
        loaded: Any = point.load()
    except Exception as error:
        raise TemplateError(f"{who} cannot be loaded: {type(error).__name__}: {error}") from error
    if isinstance(loaded, ModuleType):
        folders = [*map(Path, getattr(loaded, "__path__", ()))]
        loaded = folders[0] if folders else Path(str(loaded.__file__)).parent
    if not isinstance(loaded, str | os.PathLike):
        raise TemplateError(f"{who} gives {type(loaded).__name__}, not a file or folder")
    path = Path(loaded)
    kind = _kind(path)
    if kind == "nothing":
        raise TemplateError(f"{who} gives {path}, which is not there")
    return {point.name: path} if kind == "file" else _in_folder(path)


def _bounded(node: Node, place: SourcePosition) -> Node:
    if count_values(node) > MAX_NODES:
        raise_diagnostic(place, f"with what it extends a template has at most {MAX_NODES:,} keys and values")
    return node


def _identity(file: Path) -> str:
    # Unlike Path.resolve, this does not fail on links that lead in a circle.
    return os.path.realpath(file)
