"""A file that must not grow past a limit."""

from __future__ import annotations

from pathlib import Path

from reelnet.errors import ReelnetError


class OverLimit(ReelnetError):  # noqa: N818 - it is no mistake
    """An encode that was stopped, because the file would have had too many bytes.

    Attributes:
        limit: Most bytes that were allowed.
        bytes: Bytes that the file has at the least.
        frames: Frames of the animation that these hold; with them one can tell how large the file would be.
    """

    def __init__(self, path: Path, limit: int, bytes_: int, frames: int) -> None:
        super().__init__(f"{path}: over {limit:,} bytes after {frames} frames")
        self.limit, self.bytes, self.frames = limit, bytes_, frames


class LimitedFile:
    """A file that is written from front to end, and stops its encode when it is over a limit.

    Args:
        path: Where it lies.
        limit: Most bytes; None for any number.
        tail: Bytes that are sure to follow whatever was written, such as a trailer.
    """

    def __init__(self, path: Path, limit: int | None, tail: int = 0) -> None:
        self._path, self._limit, self._tail = path, limit, tail
        self._file = path.open("wb")
        self.bytes = 0

    def write(self, data: bytes, frames: int) -> None:
        """Append `data`, which completes the first `frames` frames; a head alone may be over the limit.

        Raises:
            OverLimit: The whole file would be over the limit.
        """
        self.bytes += len(data)
        if frames:
            require_below(self._path, self._limit, self.bytes + self._tail, frames)
        self._file.write(data)

    def close(self, tail: bytes = b"") -> None:
        """Append the tail and close the file; does nothing if it is closed."""
        if not self._file.closed:
            with self._file:
                self._file.write(tail)
                self.bytes += len(tail)

    def patch(self, place: int, data: bytes) -> None:
        """Overwrite bytes at `place`, before the file is closed."""
        self._file.seek(place)
        self._file.write(data)
        self._file.seek(0, 2)


def require_below(path: Path, limit: int | None, bytes_: int, frames: int) -> None:
    """Make sure that a file of `bytes_` bytes is within its limit.

    Raises:
        OverLimit: It is not.
    """
    if limit is not None and bytes_ > limit:
        raise OverLimit(path, limit, bytes_, frames)
