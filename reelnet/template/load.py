"""Loading of a template by its name or file, or from text or a mapping, with everything that it extends."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from reelnet._support.font_file import FontFile, is_font_file, open_font
from reelnet.config.diagnostics import (
    Diagnostic,
    InvalidTemplate,
    KeyPath,
    SourceMap,
    format_key_path,
    raise_diagnostic,
    raise_diagnostics,
)
from reelnet.config.source import (
    MAX_FILE_BYTES,
    MAX_NODES,
    Node,
    UnreadableError,
    expand_home,
    find_position,
    find_unquoted_colors,
    get_child,
    parse_yaml,
    read_text,
    to_plain,
)
from reelnet.errors import TemplateError
from reelnet.template.builder import PanelKinds, build_draft
from reelnet.template.inheritance import expand_shorthand, merge_nodes
from reelnet.template.model import Template
from reelnet.template.python_values import node_from_python
from reelnet.template.search_path import SearchPath
from reelnet.template.settings import Setting, apply_settings
from reelnet.template.source import NO_FILE, TemplateSource, TemplateText, name_source

MAX_EXTENDED_FILES = 20
"""Files in a chain that extend each other, and names in one `extends`."""

_UNKNOWN_WITHOUT_BASE = re.compile(r"layout\b|panels\.[^.\[]+$")
"""Keys whose errors may be consequences of an extended template that cannot be read."""


def load_template(source: TemplateSource, panels: PanelKinds, settings: Sequence[Setting] = ()) -> Template:
    """Load a template with everything that it extends.

    Args:
        source: A name, as `reelnet templates list` shows them, the path of a file, YAML text, or a mapping.
        panels: All kinds of panels.
        settings: Keys to change.

    Raises:
        TemplateError: The template does not exist or is invalid. The exception has every error.
        UsageError: A setting does not fit the template, or the mapping has values that no file can have.
    """
    return load_draft(source, panels, settings).require_valid()


@dataclass(frozen=True)
class LoadedDraft:
    """A template that may be invalid, as it was loaded.

    Attributes:
        template: Its valid parts; see `TemplateDraft`.
        diagnostics: Every error.
    """

    template: Template
    diagnostics: tuple[Diagnostic, ...]

    def require_valid(self) -> Template:
        """Return the template.

        Raises:
            InvalidTemplate: It has errors.
        """
        raise_diagnostics(self.diagnostics)
        return self.template


def load_draft(source: TemplateSource, panels: PanelKinds, settings: Sequence[Setting] = ()) -> LoadedDraft:
    """Load what is valid of a template; see `load_template` for the arguments.

    Raises:
        TemplateError: The template, or one that it extends, does not exist or cannot be read as YAML.
        UsageError: A setting does not fit the template, or the mapping has values that no file can have.
    """
    deferred: list[Diagnostic] = []
    try:
        node = load_node(source, settings, deferred)
    except InvalidTemplate as error:
        raise InvalidTemplate([*deferred, *error.diagnostics]) from None
    return draft_from_node(name_source(source), node, panels, deferred)


def load_node(
    source: TemplateSource,
    settings: Sequence[Setting] = (),
    deferred: list[Diagnostic] | None = None,
    search_path: SearchPath | None = None,
) -> Node:
    """Load the content of a template with everything that it extends.

    Args:
        source: A name, the path of a file, YAML text, or a mapping.
        settings: Keys to change.
        deferred: Receives errors after which reading can continue. If it is None, they are raised.
        search_path: Where names are looked up.

    Raises:
        TemplateError: A file does not exist, cannot be read, or extends itself.
        UsageError: A setting does not fit the template, or the mapping has values that no file can have.
    """
    reader = _FamilyReader(search_path or SearchPath(), deferred)
    return apply_settings(reader.load(source), settings)


Layers = dict[str, Node]
"""The own content of each file, by its real path. Later layers take precedence."""


@dataclass
class _FamilyReader:
    """Reads files that extend each other. Each file is read once, however often it is named."""

    _search_path: SearchPath
    _deferred: list[Diagnostic] | None = None
    _cache: dict[str, Layers] = field(default_factory=dict)
    # Content that is given instead of that of a file, by the file's real path.
    _given: dict[str, Node] = field(default_factory=dict)

    def load(self, source: TemplateSource) -> Node:
        """Merge a template with everything that it extends.

        A file that is extended in several ways counts once, where it comes first: `[square, dark]`, which both
        extend `article`, is article, then square, then dark.
        """
        file = self._find(source)
        merged, *later = [
            layer if real_path == os.path.realpath(file) else _drop_about(layer)
            for real_path, layer in self._read_layers(file, (file,)).items()
        ]
        for layer in later:
            merged = merge_nodes(merged, layer)
            if count_values(merged) > MAX_NODES:
                message = f"with what it extends, a template has at most {MAX_NODES:,} keys and values"
                raise_diagnostic(layer.position, message)
        return merged

    def _find(self, source: TemplateSource) -> Path:
        """Return the file of a template. What is given instead of its content is read here."""
        if isinstance(source, str):
            return self._search_path.find(source)
        if isinstance(source, os.PathLike):
            return self._search_path.require_file(Path(source))
        if isinstance(source, TemplateText):
            file, node = Path(source.name), read_template_text(source, self._deferred)
        else:
            file, node = Path(NO_FILE), node_from_python(source, NO_FILE, NO_FILE)
        self._given[os.path.realpath(file)] = node
        return file

    def _read_layers(self, file: Path, files: tuple[Path, ...]) -> Layers:
        """Return the layers of what a file extends, and its own; `files` is the chain that leads to it."""
        # Unlike Path.resolve, realpath does not fail on circular links.
        key = os.path.realpath(file)
        if key not in self._cache:
            node = expand_shorthand(self._given.get(key) or read_template_file(file, self._deferred))
            content = node.value if isinstance(node.value, dict) else {}
            layers: Layers = {}
            for name in self._list_extended(content):
                for real_path, layer in self._read_extended(name, file, files).items():
                    layers.setdefault(real_path, layer)
            own = {key: child for key, child in content.items() if key != "extends"}
            self._cache[key] = {**layers, key: replace(node, value=own)}
        return self._cache[key]

    def _list_extended(self, content: dict[str, Node]) -> list[Node]:
        """Return the names that a file extends; none if `extends` is invalid."""
        with self._defer_errors():
            return _list_extended(content["extends"]) if "extends" in content else []
        return []

    def _read_extended(self, name: Node, file: Path, files: tuple[Path, ...]) -> Layers:
        """Return the layers of a template that a file extends; none if it is missing or invalid."""
        with self._defer_errors():
            extended = self._find_extended(name, file, files)
            try:
                return self._read_layers(extended, (*files, extended))
            except UnreadableError as error:
                raise_diagnostic(name.position, str(error), "extends")
        return {}

    @contextmanager
    def _defer_errors(self) -> Iterator[None]:
        """Let the rest of a file be checked although what it extends cannot be read."""
        try:
            yield
        except InvalidTemplate as error:
            if self._deferred is None:
                raise
            self._deferred += [replace(each, key=each.key or "extends") for each in error.diagnostics]

    def _find_extended(self, name: Node, file: Path, files: tuple[Path, ...]) -> Path:
        try:
            extended = self._search_path.find_extended(str(name.value), file)
        except TemplateError as error:
            raise_diagnostic(name.position, str(error), "extends")
        if os.path.realpath(extended) in map(os.path.realpath, files):
            cycle = " → ".join(map(str, (*files, extended)))
            raise_diagnostic(name.position, f"templates extend each other: {cycle}", "extends")
        if len(files) >= MAX_EXTENDED_FILES:
            message = f"more than {MAX_EXTENDED_FILES} templates in a chain extend each other"
            raise_diagnostic(name.position, message, "extends")
        return extended


def _list_extended(extends: Node) -> list[Node]:
    """Return the names in `extends`, which is a name or a list of names."""
    if extends.value is None:
        return []
    names = extends.value if isinstance(extends.value, list) else [extends]
    if len(names) > MAX_EXTENDED_FILES:
        message = f"names {len(names)} templates; the limit is {MAX_EXTENDED_FILES}"
        raise_diagnostic(extends.key_position or extends.position, message, "extends")
    for name in names:
        if not isinstance(name.value, str) or not name.value:
            message = "needs the name or the path of a template, or a list of them"
            raise_diagnostic(name.position, message, "extends")
    return names


def _drop_about(node: Node) -> Node:
    """Remove the description of the template, which is not inherited."""
    content = node.value if isinstance(node.value, dict) else {}
    return replace(node, value={key: child for key, child in content.items() if key != "about"})


def read_template_file(file: Path, deferred: list[Diagnostic] | None = None) -> Node:
    """Read one file, without what it extends. An empty file is an empty map.

    Args:
        file: The file.
        deferred: Receives errors after which reading can continue. If it is None, they are raised.

    Raises:
        TemplateError: The file cannot be read, or is not a map in the subset of YAML that templates allow.
    """
    return _parse_template(read_text(file), str(file), deferred)


def read_template_text(source: TemplateText, deferred: list[Diagnostic] | None = None) -> Node:
    """Read the text of one template, without what it extends; see `read_template_file`.

    Raises:
        TemplateError: The text is too long, or is not a map in the subset of YAML that templates allow.
    """
    if len(source.text.encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
        raise UnreadableError(f"{source.name}: has more than {MAX_FILE_BYTES:,} bytes")
    return _parse_template(source.text, source.name, deferred)


def _parse_template(text: str, name: str, deferred: list[Diagnostic] | None) -> Node:
    node = parse_yaml(text, name, deferred)
    if node.value is None:
        return replace(node, value={})
    if not isinstance(node.value, dict):
        raise_diagnostic(node.position, "a template is a map of keys such as panels, layout and theme")
    return node


def count_values(node: Node) -> int:
    """Count the keys and values of a node, including the node."""
    if isinstance(node.value, dict):
        return 1 + sum(1 + count_values(child) for child in node.value.values())
    return 1 + sum(map(count_values, node.value)) if isinstance(node.value, list) else 1


def draft_from_node(
    name: str, node: Node, panels: PanelKinds, deferred: Sequence[Diagnostic] = ()
) -> LoadedDraft:
    """Build what is valid of a template from its merged content.

    Args:
        name: The name that was asked for.
        node: The content.
        panels: All kinds of panels.
        deferred: Errors that were found when the files were read. Further errors at the same keys are not reported,
            because they may be consequences.
    """
    content = drop_nulls(to_plain(node))
    missing_files = list(_resolve_files(content, node, panels))
    source_map = SourceMap(partial(find_position, node))
    draft = build_draft(name, content, panels, source_map=source_map, removed=_list_removed(node))
    invalid = [source_map.diagnose(path, message) for path, message in draft.errors]
    reported = {diagnostic.key for diagnostic in (*deferred, *missing_files) if diagnostic.key}
    invalid = [diagnostic for diagnostic in invalid if diagnostic.key not in reported]
    if "extends" in reported:
        # What the extended template has is not known: the layout, and the kinds of panels.
        invalid = [each for each in invalid if each.key and not _UNKNOWN_WITHOUT_BASE.match(each.key)]
    found = (*deferred, *invalid, *missing_files, *find_unquoted_colors(node))
    return LoadedDraft(draft.template, found)


def _list_removed(node: Node) -> list[str]:
    """Return the names of panels that an extending template removes by null."""
    panels = get_child(node, "panels")
    children = panels.value if panels is not None else None
    if not isinstance(children, dict):
        return []
    return [name for name, child in children.items() if child.value is None]


def drop_nulls(content: Any) -> Any:
    """Remove keys without a value, which restores their defaults. Nulls in lists stay."""
    if isinstance(content, list):
        return [drop_nulls(item) for item in content]
    if not isinstance(content, dict):
        return content
    return {key: drop_nulls(child) for key, child in content.items() if child is not None}


def iter_file_keys(content: Any, panels: PanelKinds) -> Iterator[KeyPath]:
    """Yield the path of every key whose value is a file."""
    if not isinstance(content, dict):
        return
    theme = content.get("theme")
    if isinstance(theme, dict):
        for key in ("font", "font_bold"):
            fonts = theme.get(key)
            listed = enumerate(fonts) if isinstance(fonts, list) else [(None, fonts)]
            for index, font in listed:
                if isinstance(font, str) and is_font_file(font):
                    yield ("theme", key) if index is None else ("theme", key, index)
    described = content.get("panels")
    for name, options in described.items() if isinstance(described, dict) else ():
        if isinstance(options, dict):
            kind = panels.get(str(options.get("kind", name)))
            yield from (("panels", name, key) for key in (kind.files if kind else ()) if key in options)


def _resolve_files(content: Any, node: Node, panels: PanelKinds) -> Iterator[Diagnostic]:
    """Make paths relative to the file that names them, in place, and yield an error for each unusable file."""
    # From the last to the first, so that what is deleted from a list moves no other.
    for path in reversed([*iter_file_keys(content, panels)]):
        parent = content
        for step in path[:-1]:
            parent = parent[step]
        value, position = parent[path[-1]], find_position(node, path)
        if not isinstance(value, str):
            continue
        try:
            file = expand_home(value)
            if position.line:
                file = Path(position.file).parent / file
            is_font = path[0] == "theme"
            # A file without a folder and a suffix must not read as the name of an installed font.
            parent[path[-1]] = f"./{file}" if is_font and not is_font_file(str(file)) else str(file)
            _check_file(file, is_font=is_font)
        except ValueError as error:
            yield Diagnostic(position, format_key_path(path), str(error))
            # Checks of the rest must neither read the file nor report it again.
            del parent[path[-1]]
            if parent == []:
                del content["theme"][path[1]]


def _check_file(file: Path, *, is_font: bool) -> None:
    """Check that a file can be used.

    Raises:
        ValueError: It does not exist, is not a regular file, or is not a font but should be.
    """
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"{file}: no such file") from None
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror or error}") from None
    # Reading a pipe or a device could block.
    if not stat.S_ISREG(mode):
        raise ValueError(f"{file}: is not a regular file")
    if is_font:
        open_font(FontFile(str(file)), 16)
