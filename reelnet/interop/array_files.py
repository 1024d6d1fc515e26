"""Named arrays in an `.npz` file, or in a folder of `.npy` files.

An array in numpy's own format, read a piece at a time.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reelnet.errors import ReelnetError, UsageError

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


Opener = Callable[[], IO[bytes]]
"""Opens the bytes of an array's file, from the beginning."""

BLOCK = 1 << 25
"""Bytes that are held at a time where the steps of an array do not lie one behind the other."""

CHUNK = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True)
class Stored:
    """An array that lies in a file.

    Attributes:
        where: File and name, for errors.
        shape: Of the whole.
        dtype: Of the values.
        fortran: Whether the first dimension runs fastest, as in MATLAB; otherwise the last one does.
        start: Where the values begin, in bytes.
    """

    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int
    open: Opener

    @classmethod
    def of(cls, where: str, size: int, opener: Opener) -> Self:
        """Read the header of an array.

        Args:
            where: File and name, for errors.
            size: Bytes of its file, decompressed.
            opener: Opens it.

        Raises:
            ReelnetError: It is no array, or one of Python's objects, or has more or fewer values than it says.
        """
        with reading(where), opener() as stream:
            try:
                version = npy.read_magic(stream)
                if version not in ((1, 0), (2, 0), (3, 0)):
                    raise ValueError(f"version {version} of the format")
                # The third differs from the second in the names of fields alone, and what has fields is refused.
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, fortran, dtype = read(stream)
            except ValueError as error:
                reason = " ".join(str(error).split())[:100]
                raise ReelnetError(
                    f"{where}: not an array of numpy ({reason}); write it with numpy.save"
                ) from error
            start = stream.tell()
        if dtype.hasobject:
            raise ReelnetError(
                f"{where}: holds pickled Python objects, which are never read; "
                "make it an array of numbers (or of texts, for labels) with astype"
            )
        there = size - start
        if min(shape, default=0) < 0 or there != math.prod(shape) * dtype.itemsize:
            raise ReelnetError(
                f"{where}: damaged, {there} bytes are there for {dtype.name} of shape {shape}; write it again"
            )
        return cls(where, shape, dtype, fortran, start, opener)

    def whole(self) -> NDArray[Any]:
        """All of it at once; for what is small.

        Raises:
            ReelnetError: It is damaged.
        """
        with reading(self.where), self._values() as stream:
            data = _exactly(stream, math.prod(self.shape) * self.dtype.itemsize)
        return np.frombuffer(data, self.dtype).reshape(self.shape, order="F" if self.fortran else "C")

    def rows(self) -> Iterator[NDArray[Any]]:
        """What it holds at each place of its first dimension, one by one.

        Raises:
            ReelnetError: It is damaged.
        """
        return self._slow_rows() if self.fortran else self._fast_rows()

    def _fast_rows(self) -> Iterator[NDArray[Any]]:
        form = self.shape[1:]
        with reading(self.where), self._values() as stream:
            for _ in range(self.shape[0]):
                data = _exactly(stream, math.prod(form) * self.dtype.itemsize)
                yield np.frombuffer(data, self.dtype).reshape(form)

    def _slow_rows(self) -> Iterator[NDArray[Any]]:
        """Read the whole as often as needed, and each time keep what belongs to the next steps."""
        steps, form = self.shape[0], self.shape[1:]
        values = math.prod(form)
        held = max(1, BLOCK // max(1, values * self.dtype.itemsize))
        for first in range(0, steps, held):
            count = min(held, steps - first)
            block = np.empty((values, count), self.dtype)
            with reading(self.where), self._values() as stream:
                lines = max(1, CHUNK // (steps * self.dtype.itemsize))
                for at in range(0, values, lines):
                    here = min(lines, values - at)
                    data = _exactly(stream, here * steps * self.dtype.itemsize)
                    block[at : at + here] = np.frombuffer(data, self.dtype).reshape(here, steps)[
                        :, first : first + count
                    ]
            for number in range(count):
                yield block[:, number].reshape(form, order="F")

    @contextmanager
    def _values(self) -> Iterator[IO[bytes]]:
        with self.open() as stream:
            _exactly(stream, self.start)
            yield stream


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Tell of a file that cannot be read in the words of this package.

    Raises:
        ReelnetError: It cannot.
    """
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ReelnetError(f"{where}: damaged ({error}); write it again") from error
    except OSError as error:
        raise ReelnetError(f"{where}: cannot be read ({error.strerror or error})") from error


def _exactly(stream: IO[bytes], count: int) -> bytes:
    parts = []
    while count > 0:
        part = stream.read(count)
        if not part:
            raise EOFError(f"{count} bytes are missing")
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
