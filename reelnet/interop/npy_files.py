"""Named arrays in an `.npz` file or a folder of `.npy` files, read in parts."""

from __future__ import annotations

import lzma
import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reelnet._support.byte_size import format_size
from reelnet._support.input_path import require_regular
from reelnet._support.text import one_line
from reelnet.errors import ReelnetError, UsageError

MAX_ARRAY_BYTES = 10**9
"""Bytes of the largest array that is read as a whole, and of the values of one step: 1 GB."""

MAX_HEADER_BYTES = 1 << 16
"""Bytes of the longest header; numpy's own have about a hundred."""

BLOCK_SIZE = 1 << 25
"""Bytes held in memory while reading an array whose steps are not contiguous."""

CHUNK_SIZE = 1 << 20
"""Bytes per read."""

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    TypeError,
    OverflowError,
    IndexError,
    MemoryError,
)
"""What `zipfile` and numpy raise for files that are damaged."""

Opener = Callable[[], IO[bytes]]
"""Opens a file for reading."""


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, NpyArray]]:
    """Open the arrays of a file or folder by name; the file `taps/conv1.npy` of a folder is named `taps/conv1`.

    Raises:
        UsageError: The path does not exist, or is neither an `.npz` file nor a folder of `.npy` files.
        ReelnetError: A file cannot be read, or does not hold an array.
    """
    if path.is_dir():
        yield _open_folder(path)
        return
    if not path.exists():
        raise UsageError(f"{path}: no such file; give an .npz file or a folder of .npy files")
    require_regular(path)
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path}: not an .npz file; give one, or a folder of .npy files")
    with _normalize_errors(str(path)):
        archive = zipfile.ZipFile(path)
    with archive:
        yield _open_archive(path, archive)


def verify_archive(path: Path) -> None:
    """Read a whole `.npz` file and check its checksums; a folder has none.

    Raises:
        ReelnetError: The file is damaged.
    """
    if path.is_file():
        with _normalize_errors(str(path)), zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ReelnetError(f"{path}: damaged ({damaged} does not match its checksum); save it again")


@dataclass(frozen=True)
class NpyArray:
    """An array in numpy's file format.

    Attributes:
        location: Path and name, for errors.
        shape: Shape of the array.
        dtype: Type of the values.
        is_fortran: Whether the first dimension varies fastest, as in MATLAB, rather than the last.
        start: Offset of the values in the file, in bytes.
        open: Opens the file.
    """

    location: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    start: int
    open: Opener

    @classmethod
    def from_file(cls, location: str, size: int, opener: Opener) -> Self:
        """Read the header of an array.

        Args:
            location: Path and name, for errors.
            size: Bytes of the uncompressed file.
            opener: Opens the file.

        Raises:
            ReelnetError: The file is not an array, holds Python objects, or has more or fewer values than its header
                says.
        """
        with _normalize_errors(location), opener() as stream:
            try:
                shape, is_fortran, dtype, start = _read_header(stream)
            except (zipfile.BadZipFile, EOFError, OSError):
                raise
            # numpy parses the header as Python, and a wrong one can raise almost anything.
            except Exception as error:
                reason = one_line(error)[:100]
                raise ReelnetError(
                    f"{location}: not a numpy array ({reason}); save it with numpy.save"
                ) from error
        if dtype.hasobject:
            raise ReelnetError(
                f"{location}: holds pickled Python objects, which are never read; "
                "convert it to numbers (or to text, for labels) with astype"
            )
        values_size = size - start
        if dtype.itemsize == 0 or dtype.subdtype is not None:
            raise ReelnetError(f"{location}: values of type {dtype} are not numbers; save it with numpy.save")
        if min(shape, default=0) < 0 or values_size != math.prod(shape) * dtype.itemsize:
            raise ReelnetError(
                f"{location}: damaged, it has {values_size} bytes for {dtype.name} of shape {shape}; save it again"
            )
        return cls(location, shape, dtype, is_fortran, start, opener)

    def load(self) -> NDArray[Any]:
        """Read the whole array.

        Raises:
            ReelnetError: The file is damaged, or the array is too large.
        """
        size = math.prod(self.shape) * self.dtype.itemsize
        if size > MAX_ARRAY_BYTES:
            raise ReelnetError(
                f"{self.location}: {format_size(size)} unpacked, and at most {format_size(MAX_ARRAY_BYTES)} are read "
                "at once; import fewer or smaller samples"
            )
        with self._open_values() as stream:
            data = _read_exactly(stream, size)
            return np.frombuffer(data, self.dtype).reshape(self.shape, order="F" if self.is_fortran else "C")

    @property
    def row_nbytes(self) -> int:
        """Bytes of one item along the first dimension."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def rows(self) -> Iterator[NDArray[Any]]:
        """Read the array along its first dimension, one item at a time.

        Raises:
            ReelnetError: The file is damaged.
        """
        return self._fortran_rows() if self.is_fortran else self._contiguous_rows()

    def _contiguous_rows(self) -> Iterator[NDArray[Any]]:
        shape = self.shape[1:]
        with self._open_values() as stream:
            for _ in range(self.shape[0]):
                data = _read_exactly(stream, self.row_nbytes)
                yield np.frombuffer(data, self.dtype).reshape(shape)

    def _fortran_rows(self) -> Iterator[NDArray[Any]]:
        """Read the whole file as often as needed, each time keeping the values of the next rows."""
        row_count, shape, itemsize = self.shape[0], self.shape[1:], self.dtype.itemsize
        row_values = math.prod(shape)
        rows_per_block = max(1, BLOCK_SIZE // max(1, row_values * itemsize))
        for first in range(0, row_count, rows_per_block):
            count = min(rows_per_block, row_count - first)
            block = np.empty((row_values, count), self.dtype)
            with self._open_values() as stream:
                # The file holds the first value of every row, then the second one, and so on.
                values_per_chunk = max(1, CHUNK_SIZE // (row_count * itemsize))
                for start in range(0, row_values, values_per_chunk):
                    length = min(values_per_chunk, row_values - start)
                    data = _read_exactly(stream, length * row_count * itemsize)
                    chunk = np.frombuffer(data, self.dtype).reshape(length, row_count)
                    block[start : start + length] = chunk[:, first : first + count]
            for row in range(count):
                yield block[:, row].reshape(shape, order="F")

    @contextmanager
    def _open_values(self) -> Iterator[IO[bytes]]:
        with _normalize_errors(self.location), self.open() as stream:
            _read_exactly(stream, self.start)
            yield stream


def _open_archive(path: Path, archive: zipfile.ZipFile) -> dict[str, NpyArray]:
    arrays = {}
    for info in archive.infolist():
        if not info.is_dir():
            name = _array_name(path, info.filename)
            if name in arrays:
                raise ReelnetError(f"{path}: {name!r} is there twice; save it again")
            arrays[name] = NpyArray.from_file(f"{path}: {name}", info.file_size, partial(archive.open, info))
    return arrays


def _open_folder(path: Path) -> dict[str, NpyArray]:
    arrays = {}
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        member = file.relative_to(path)
        # Hidden files belong to the operating system.
        if any(part.startswith(".") for part in member.parts):
            continue
        name = _array_name(path, member.as_posix())
        with _normalize_errors(str(file)):
            size = file.stat().st_size
        arrays[name] = NpyArray.from_file(str(file), size, partial(_open_file, file))
    return arrays


def _open_file(file: Path) -> IO[bytes]:
    return file.open("rb")


def _array_name(path: Path, member: str) -> str:
    if not member.endswith(".npy"):
        raise UsageError(f"{path}: {member} is not an .npy file; remove it")
    return member.removesuffix(".npy")


@contextmanager
def _normalize_errors(location: str) -> Iterator[None]:
    """Raise a `ReelnetError` for a file that is damaged or cannot be read."""
    try:
        yield
    except DAMAGE as error:
        raise ReelnetError(f"{location}: damaged ({one_line(error)[:100]}); save it again") from error
    except OSError as error:
        raise ReelnetError(f"{location}: cannot be read ({error.strerror or error})") from error


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Read shape, order and type of an array, and the offset of its values.

    Raises:
        ValueError: This is not a header.
    """
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"format version {version}")
    # numpy reads a header of any length before it looks at it, and a few packed bytes can be gigabytes.
    length = _read_exactly(stream, 2 if version == (1, 0) else 4)
    if (size := int.from_bytes(length, "little")) > MAX_HEADER_BYTES:
        raise ValueError(f"a header of {size} bytes")
    header = BytesIO(length + _read_exactly(stream, size))
    # Version 3 differs from version 2 only in the names of fields, and arrays with fields are refused.
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    with warnings.catch_warnings():
        # About headers of Python 2, and about strange types, which are refused.
        warnings.simplefilter("ignore")
        shape, is_fortran, dtype = read(header)
    return shape, is_fortran, dtype, npy.MAGIC_LEN + len(length) + size


def _read_exactly(stream: IO[bytes], count: int) -> bytearray:
    data = bytearray(count)
    rest = memoryview(data)
    while rest:
        part = stream.read(min(len(rest), CHUNK_SIZE))
        if not part:
            raise EOFError(f"{len(rest)} bytes are missing")
        rest[: len(part)] = part
        rest = rest[len(part) :]
    return data
