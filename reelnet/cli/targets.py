"""Which files a command writes: found and checked before the first of them is written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelnet.errors import ReelnetError, UsageError

FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Target:
    """One file to write.

    Attributes:
        path: The file.
        layer: The layer it shows; None leaves the choice to the reel.
    """

    path: Path
    layer: str | None


def resolve_targets(file: str, layers: Sequence[str], recorded: Iterable[str]) -> list[Target]:
    """The files that `-o file --layer …` asks for.

    Args:
        file: A path; `{layer}` in it stands for the layer's name.
        layers: What was given with `--layer`; `all` means every recorded one.
        recorded: The layers of the run.

    Raises:
        UsageError: Several layers would go to one file, or there is an unknown field in `file`.
    """
    check_fields(file)
    wanted = list(dict.fromkeys(layers))
    each = "{layer}" in file
    if "all" in wanted or (each and not wanted):
        wanted = list(recorded)
    if not each and len(wanted) > 1:
        path = Path(file)
        better = path.with_name(f"{path.stem}-{{layer}}{path.suffix}")
        raise UsageError(f"-o {file}: {len(wanted)} layers need a file each; write -o '{better}'")
    if not each:
        return [Target(Path(file), wanted[0] if wanted else None)]
    # A slash in a layer's name is no folder.
    return [Target(Path(file.replace("{layer}", layer.replace("/", "_"))), layer) for layer in wanted]


def check_fields(file: str) -> None:
    """Make sure that `file` has no field but `{layer}`.

    Raises:
        UsageError: It has.
    """
    for name in FIELD.findall(file):
        if name != "layer":
            raise UsageError(f"-o {file}: unknown field '{{{name}}}'; only '{{layer}}' is known")


def require_writable(*paths: Path) -> None:
    """Make sure, as far as one can beforehand, that files can be written, each to a place of its own.

    Raises:
        ReelnetError: The place for one is none or closed.
        UsageError: One is a folder, or two are the same.
    """
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise UsageError(f"{path}: two files would have this name; give each its own")
        _require_writable_folder(path)


def _require_writable_folder(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file in it")
    folder = path.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise ReelnetError(f"{folder}: is a file, so {path} cannot be written; choose another folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ReelnetError(f"{folder}: may not be written, so {path} cannot be either; choose another folder")
