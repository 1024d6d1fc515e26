"""Named arrays in an `.npz` file, or in a folder of `.npy` files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from reelnet.errors import ReelnetError, UsageError
from reelnet.exchange.npy import Stored, reading

END = ".npy"


@contextmanager
def opened(path: Path) -> Iterator[Mapping[str, Stored]]:
    """The arrays of a file or folder by name; `taps/conv1` is the file `conv1.npy` in the folder `taps`, say.

    Raises:
        UsageError: There is none, or it is of another kind.
        ReelnetError: It cannot be read, or holds something that is no array.
    """
    if path.is_dir():
        yield _in_folder(path)
        return
    if not path.exists():
        raise UsageError(f"{path}: no such file; give an .npz file or a folder of .npy files")
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path}: not an .npz file; give one, or a folder of .npy files")
    with reading(str(path)):
        archive = zipfile.ZipFile(path)
    with archive:
        yield _in_archive(path, archive)


def verify(path: Path) -> None:
    """Read all of a file, and compare its checksums.

    Raises:
        ReelnetError: It is damaged.
    """
    if path.is_file():
        with reading(str(path)), zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise ReelnetError(f"{path}: damaged ({broken} does not match its checksum); write it again")


def _in_archive(path: Path, archive: zipfile.ZipFile) -> dict[str, Stored]:
    found = {}
    for info in archive.infolist():
        if info.is_dir():
            continue
        name = _named(path, info.filename)
        found[name] = Stored.of(f"{path}: {name}", info.file_size, partial(archive.open, info))
    return found


def _in_folder(path: Path) -> dict[str, Stored]:
    found = {}
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        place = file.relative_to(path)
        # A system's own files are hidden.
        if any(part.startswith(".") for part in place.parts):
            continue
        name = _named(path, place.as_posix())
        with reading(str(file)):
            size = file.stat().st_size
        found[name] = Stored.of(str(file), size, partial(_binary, file))
    return found


def _binary(file: Path) -> IO[bytes]:
    return file.open("rb")


def _named(path: Path, member: str) -> str:
    if not member.endswith(END):
        raise UsageError(f"{path}: {member} is no {END} file; give nothing else")
    return member.removesuffix(END)
