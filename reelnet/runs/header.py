"""How values that have no place in a picture are shown: in grids that are nearly square, or line by line.

`run.json`: what is the same for every step of a run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import RunError
from reelnet.runs.storage.protocol import Store

ASPECT = 2
"""A grid of cells whose sides differ by more than this factor is filled up with blank cells instead."""


def near_square_grid(count: int) -> tuple[int, int]:
    """Rows and columns of a grid for so many cells: exact if its sides are alike, else with blanks at the end."""
    root = math.isqrt(count)
    exact = next(rows for rows in range(root, 0, -1) if count % rows == 0)
    rows = exact if count // exact <= ASPECT * exact else root
    return rows, -(-count // rows)


def fold_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """How a tap's maps (samples, channels, height, width) are shown where they are rows or single values."""
    _, channels, height, width = shape
    if height > 1 or channels * width == 1:
        return None
    if width == 1:
        return 1, *near_square_grid(channels)
    return (1, channels, width) if channels > 1 else None


FORMAT = 2
"""Version of the layout that is written; the first had no segments."""

READS = (1, 2)
"""Versions that are read."""

MEND = "restore the file from a copy, or record the run again"
"""The end of an error line about a damaged file."""

KEEP = "restore the file from a copy, or keep what is whole with 'reelnet repair'"
"""The same where only some steps are lost."""


class TapKind(StrEnum):
    """What a tap's values are: what a layer gives for the samples, or a parameter of the network and its gradient."""

    ACTIVATION = "activation"
    WEIGHT = "weight"
    GRADIENT = "gradient"


@dataclass(frozen=True)
class TapInfo:
    """A recorded place and the form of its arrays.

    Attributes:
        shape: Of one step's array: (samples, channels, height, width), where features without a place are 1×1.
            Of a weight: (outputs, inputs, height, width) of a convolution's, (1, 1, outputs, inputs) of a
            linear layer's, (1, values, 1, 1) of a bias; of a gradient likewise.
        dtype: numpy's name of the values' type, as recorded.
        bounds: The values that the place can take at all, (−1, 1) for a tanh; None if unlimited or unknown.
        min: Least finite value over the whole run; None before the first step, or when all are non-finite.
        max: Greatest finite value over the whole run, likewise.
        kind: What the values are; only an activation's first dimension is the samples.
        fold: The maps (channels, height, width) as which a sample's values are shown, one behind the other in their
            order, where that is not as they are recorded: 64 features are one map of 8×8. What is left over of
            the last row is blank.
        channels: Which of the place's own channels were recorded, counted from 0; None for all of them.
        note: How the values came about where that is not plain, for people; empty otherwise.
    """

    shape: tuple[int, int, int, int]
    dtype: str
    bounds: tuple[float, float] | None = None
    min: float | None = None
    max: float | None = None
    kind: TapKind = TapKind.ACTIVATION
    fold: tuple[int, int, int] | None = None
    channels: tuple[int, ...] | None = None
    note: str = ""

    @property
    def nbytes(self) -> int:
        """Bytes of one step's array."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """The form (channels, height, width) in which a sample's values are shown."""
        return self.fold or self.shape[1:]

    @property
    def is_grid(self) -> bool:
        """Whether single values without places are shown, in a grid."""
        return self.fold is not None and self.fold[2] != self.shape[3]

    def fold_values(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Values (samples, …) as the maps that are shown, (samples, channels, height, width); blank cells are 0."""
        if self.fold is None:
            return values
        channels, height, width = self.fold
        rows = values.reshape(len(values), channels, -1)
        maps = np.zeros((len(values), channels, height * width), values.dtype)
        maps[:, :, : rows.shape[2]] = rows
        return maps.reshape(len(values), *self.fold)

    @property
    def blank_mask(self) -> NDArray[np.bool_]:
        """Where a map (height, width) shows no value, since the last row is longer than what is left for it."""
        channels, height, width = self.map_shape
        values = math.prod(self.shape[1:]) // channels
        return (np.arange(height * width) >= values).reshape(height, width)


def displayable_layers(taps: Mapping[str, TapInfo]) -> list[str]:
    """The taps whose maps can be looked at: those larger than 1×1, or all if none is; never weights."""
    given = [name for name, tap in taps.items() if tap.kind is TapKind.ACTIVATION]
    return [name for name in given if max(taps[name].shape[2:]) > 1] or given


def require_activation(name: str, tap: TapInfo) -> None:
    """Make sure that a tap holds something for each sample.

    Raises:
        ValueError: It holds a parameter of the network.
    """
    if tap.kind is not TapKind.ACTIVATION:
        raise ValueError(
            f"{name!r} is a {tap.kind.value} of the network and has no samples; the panel 'weights' shows it"
        )


@dataclass(frozen=True)
class Header:
    """The content of `run.json`.

    Attributes:
        taps: The recorded places by name.
        samples: Number of fixed samples.
        samples_crc32: Checksum of `samples.safetensors`.
        labels: One short text a sample, or None.
        about: Free facts for people: model, data, seed, versions.
        format: Version of the layout.
    """

    taps: Mapping[str, TapInfo]
    samples: int
    samples_crc32: str
    labels: tuple[str, ...] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """The header as the text of `run.json`."""
        taps = {
            name: {
                "shape": list(tap.shape),
                "dtype": tap.dtype,
                "bounds": tap.bounds,
                "kind": tap.kind.value,
                "fold": tap.fold,
                "channels": tap.channels,
                "note": tap.note,
            }
            for name, tap in self.taps.items()
        }
        content = {
            "format": self.format,
            "taps": taps,
            "samples": self.samples,
            "samples_crc32": self.samples_crc32,
            "labels": self.labels,
            "about": dict(self.about),
        }
        return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> Header:
        """Read the text of a `run.json`; `where` names it in errors.

        Raises:
            RunError: The text is no header, or one of a format that this version does not know.
        """
        try:
            content = json.loads(text)
            if content["format"] not in READS:
                raise RunError(
                    f"{where}: format {content['format']!r}, but this reelnet reads formats 1 and 2; "
                    "open the run with the version that recorded it"
                )
            taps = {
                name: TapInfo(
                    shape=_four(tap["shape"]),
                    dtype=np.dtype(tap["dtype"]).name,
                    bounds=tuple(tap["bounds"]) if tap["bounds"] else None,
                    # The first runs had nothing but activations, and did not say so.
                    kind=TapKind(tap.get("kind", TapKind.ACTIVATION)),
                    fold=_fold(tap),
                    channels=tuple(map(int, tap["channels"])) if tap.get("channels") else None,
                    note=str(tap.get("note", "")),
                )
                for name, tap in content["taps"].items()
            }
            labels = content["labels"]
            return cls(
                taps=taps,
                samples=int(content["samples"]),
                samples_crc32=content["samples_crc32"],
                labels=tuple(map(str, labels)) if labels is not None else None,
                about=dict(content["about"]),
                format=int(content["format"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{where}: not the header of a run ({reason(error)}); {MEND}") from error


def read_header(store: Store) -> Header:
    """Read the header of a run.

    Raises:
        RunError: There is no run, or its header is damaged.
    """
    file = store.full("run.json")
    try:
        return Header.from_json(store.read("run.json").decode("utf-8"), file)
    except (FileNotFoundError, NotADirectoryError):
        raise store.no_run() from None
    except UnicodeDecodeError as error:
        raise RunError(f"{file}: not the header of a run ({error}); {MEND}") from error
    except OSError as error:
        raise unreadable(file, "the header", error) from error


def unreadable(file: str, what: str, error: OSError) -> RunError:
    """The error for a file of a run that cannot be read; `what` says what it holds."""
    # What is there but must not be read is not mended by a copy.
    end = f"; {MEND}" if isinstance(error, FileNotFoundError) else ""
    return RunError(f"{file}: cannot read {what} ({error.strerror}){end}")


def reason(error: Exception) -> str:
    """What is wrong with the content of a file, in words."""
    match error:
        case KeyError():
            return f"it lacks {error}"
        case json.JSONDecodeError():
            return f"it is not JSON: {error}"
    return str(error)


def _four(shape: list[int]) -> tuple[int, int, int, int]:
    samples, channels, height, width = map(int, shape)
    return samples, channels, height, width


def _fold(tap: Mapping[str, Any]) -> tuple[int, int, int] | None:
    if not tap.get("fold"):
        return None
    channels, height, width = map(int, tap["fold"])
    values = math.prod(map(int, tap["shape"][1:]))
    if values % channels or not values <= channels * height * width:
        raise ValueError(f"{values} values a sample cannot be folded to {tap['fold']}")
    return channels, height, width
