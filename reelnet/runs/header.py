"""The header of a run, `run.json`: what is the same for every step, above all the recorded taps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from json import JSONDecodeError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet._support.text import make_printable, one_line
from reelnet.errors import RunError
from reelnet.runs.format.checked_json import (
    encode_checked,
    has_checksum,
    parse_checked,
    require_int,
    shorten,
    to_float,
)
from reelnet.runs.storage.protocol import Store

FORMAT_VERSION = 3
"""Version of the run format that is written. Version 1 had no segments; 1 and 2 had no checksums of JSON."""

READABLE_VERSIONS = (1, 2, 3)
"""Versions of the run format that are read."""

FIRST_CHECKED_VERSION = 3
"""The first version with a checksum of the header and of each line of the log."""

DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
"""numpy's names of the types that a tap may have."""

MAX_STEP_BYTES = 2**40
"""A header with more bytes of values per step is damaged."""

MAX_REASON = 200
"""Characters of a reason in an error message; it may quote a name of any length."""

MAX_ABOUT_DEPTH = 64
"""Facts of a header that are nested more deeply are damaged."""

MAX_HEADER_BYTES = 16_000_000
"""A larger `run.json` is damaged. Parsed JSON takes much more memory than its text."""

TAP_KEYS = ("shape", "dtype", "bounds", "kind", "fold", "channels", "note")
"""Fields of a tap that `run.json` holds."""

MAX_GRID_ASPECT = 4
"""A grid of cells without blanks whose sides differ by more than this factor is replaced by one with blanks."""

MAX_UNFOLDED = 12
"""Values of a vector up to which each is a channel of its own, such as the scores of ten classes; those of longer
ones are folded to a map."""

RESTORE_HINT = "restore the file from a copy, or record the run again"
"""Ends the error message about a damaged file."""

REPAIR_HINT = "restore the file from a copy, or keep the undamaged steps with 'reelnet repair'"
"""Ends the error message about a damaged file that affects only some steps."""


def near_square_grid(count: int) -> tuple[int, int]:
    """Choose rows and columns for `count` cells: without blanks if the sides are similar, else nearly square."""
    root = math.isqrt(count)
    exact = next(rows for rows in range(root, 0, -1) if count % rows == 0)
    rows = exact if count // exact <= MAX_GRID_ASPECT * exact else root
    return rows, -(-count // rows)


def fold_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Choose how to display activations that are single values: as one near-square map, or each as a channel if few.

    Args:
        shape: (samples, channels, height, width) of a tap.

    Returns:
        The maps (channels, height, width) of a sample, or None if they are displayed as recorded.
    """
    _, channels, height, width = shape
    is_folded = height == width == 1 and channels > MAX_UNFOLDED
    return (1, *near_square_grid(channels)) if is_folded else None


def fold_to_maps(values: NDArray[np.generic], fold: tuple[int, int, int]) -> NDArray[np.generic]:
    """Reshape values (samples, …) to maps (samples, channels, height, width); blanks at their ends are 0."""
    channels, height, width = fold
    rows = values.reshape(len(values), channels, -1)
    maps = np.zeros((len(values), channels, height * width), values.dtype)
    maps[:, :, : rows.shape[2]] = rows
    return maps.reshape(len(values), *fold)


class TapKind(StrEnum):
    """What a tap records: the output of a layer, or a parameter of the network or its gradient."""

    ACTIVATION = "activation"
    WEIGHT = "weight"
    GRADIENT = "gradient"


@dataclass(frozen=True)
class TapInfo:
    """What a tap records, and the shape of its arrays.

    Attributes:
        shape: Shape of one step's array. An activation is (samples, channels, height, width), with 1×1 maps for
            features without positions. A weight or gradient is (outputs, inputs, height, width) for a convolution,
            (1, 1, outputs, inputs) for a linear layer, (1, values, 1, 1) for a bias.
        dtype: numpy's name of the recorded type.
        bounds: Values that the tap can take, such as (−1, 1) for tanh; None if unlimited or unknown.
        min: Smallest finite value over the whole run; None before the first step, or if there is no finite value.
        max: Largest finite value over the whole run, likewise.
        kind: Activation, weight or gradient. Only an activation's first dimension is the samples.
        fold: Shape (channels, height, width) in which a sample's values are displayed, in the recorded order, where
            it differs from the recorded one: 64 features become one map of 8×8. The last row may end with blanks.
        channels: Which channels of the layer were recorded, counted from 0; None for all.
        note: How the values were obtained, for people, if that is not obvious; otherwise empty.
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
        """Shape (channels, height, width) in which a sample's values are displayed."""
        return self.fold or self.shape[1:]

    @property
    def is_grid(self) -> bool:
        """Whether values without positions are displayed as a grid."""
        return self.fold is not None and self.fold[2] != self.shape[3]

    @property
    def has_single_values(self) -> bool:
        """Whether each displayed map is a single value."""
        return self.map_shape[1:] == (1, 1)

    def fold_values(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Reshape values (samples, …) to the displayed maps (samples, channels, height, width); blanks are 0."""
        return values if self.fold is None else fold_to_maps(values, self.fold)

    @property
    def blank_mask(self) -> NDArray[np.bool_]:
        """Which cells of a displayed map (height, width) hold no value: the end of an incomplete last row."""
        channels, height, width = self.map_shape
        values = math.prod(self.shape[1:]) // channels
        return (np.arange(height * width) >= values).reshape(height, width)


def displayable_layers(taps: Mapping[str, TapInfo]) -> list[str]:
    """Return the names of the activations with maps larger than 1×1, or of all activations if there are none."""
    names = [name for name, tap in taps.items() if tap.kind is TapKind.ACTIVATION]
    return [name for name in names if max(taps[name].shape[2:]) > 1] or names


def require_activation(name: str, tap: TapInfo) -> None:
    """Make sure that a tap has one array per sample.

    Raises:
        ValueError: The tap is a parameter of the network or its gradient.
    """
    if tap.kind is not TapKind.ACTIVATION:
        raise ValueError(
            f"{name!r} is a {tap.kind.value} of the network and has no samples; use the panel 'weights' to show it"
        )


@dataclass(frozen=True)
class Header:
    """The content of `run.json`.

    Attributes:
        taps: The recorded taps by name.
        samples: Number of fixed samples.
        samples_crc32: Checksum of `samples.safetensors`.
        labels: One short text per sample, or None.
        about: Free-form facts for people: model, data, seed, versions.
        format: Version of the run format.
        classes: Names of the classes between which the network decides, in the order of its scores, or None.
        class_output: The tap that gives the model's output, one value per class. Empty if the recorder saw that none
            does; None if that is not known.
    """

    taps: Mapping[str, TapInfo]
    samples: int
    samples_crc32: str
    labels: tuple[str, ...] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT_VERSION
    classes: tuple[str, ...] | None = None
    class_output: str | None = None

    @property
    def is_checked(self) -> bool:
        """Whether each line of the log has a number and a checksum."""
        return self.format >= FIRST_CHECKED_VERSION

    def to_json(self) -> bytes:
        """Encode the header as the content of `run.json`."""
        taps = {name: {key: getattr(tap, key) for key in TAP_KEYS} for name, tap in self.taps.items()}
        content = {
            "format": self.format,
            "taps": taps,
            "samples": self.samples,
            "samples_crc32": self.samples_crc32,
            "labels": self.labels,
            "classes": self.classes,
            "class_output": self.class_output,
            "about": dict(self.about),
        }
        return encode_checked(content, indent=2)

    @classmethod
    def from_json(cls, data: bytes, location: str) -> Header:
        """Parse the content of a `run.json`.

        Args:
            data: The content.
            location: Path or URL of the file, for errors.

        Raises:
            RunError: It is not a valid header, or has a format version that is not supported.
        """
        try:
            content = parse_checked(data, required=False)
            version = content["format"]
            if version not in READABLE_VERSIONS:
                raise RunError(
                    f"{location}: format {shorten(version)}, but this reelnet reads formats 1 to 3; "
                    "open the run with the version that recorded it"
                )
            if version >= FIRST_CHECKED_VERSION and not has_checksum(data):
                raise ValueError("altered or truncated, its checksum is missing")
            samples = require_int(content["samples"], 1)
            taps = {name: _parse_tap(tap, samples) for name, tap in content["taps"].items()}
            if sum(tap.nbytes for tap in taps.values()) > MAX_STEP_BYTES:
                raise ValueError(f"a step would have more than {MAX_STEP_BYTES:,} bytes")
            labels = content["labels"]
            if labels is not None and (type(labels) is not list or len(labels) != samples):
                raise ValueError(f"there is not one label for each of the {samples} samples")
            about = _limit_depth(dict(content["about"]), MAX_ABOUT_DEPTH)
            class_output = content.get("class_output")
            if class_output and class_output not in taps:
                raise ValueError(f"the class output {shorten(class_output)} is not one of the layers")
            return cls(
                taps=taps,
                samples=samples,
                samples_crc32=str(content["samples_crc32"]),
                labels=tuple(map(str, labels)) if labels is not None else None,
                about=about,
                format=int(version),
                # The first runs had their classes among the facts.
                classes=_parse_classes(content.get("classes", about.get("classes"))),
                class_output=None if class_output is None else str(class_output),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise RunError(
                f"{location}: not a run header ({describe_parse_error(error)}); {RESTORE_HINT}"
            ) from error


def read_header(store: Store) -> Header:
    """Read the header of a run.

    Raises:
        RunError: There is no run, or its header is damaged.
    """
    path = store.full_path("run.json")
    try:
        return Header.from_json(store.read_bytes("run.json", MAX_HEADER_BYTES), path)
    except (FileNotFoundError, NotADirectoryError):
        raise store.missing_run_error() from None
    except OSError as error:
        raise read_error(path, "the header", error) from error


def read_error(path: str, content: str, error: OSError) -> RunError:
    """Build the error for a file of a run that cannot be read; `content` says what the file holds."""
    # Restoring a copy does not help with a file that exists but must not be read.
    hint = RESTORE_HINT if path.endswith(("run.json", "samples.safetensors")) else REPAIR_HINT
    hint = f"; {hint}" if isinstance(error, FileNotFoundError) else ""
    return RunError(f"{path}: cannot read {content} ({error.strerror}){hint}")


def describe_parse_error(error: Exception) -> str:
    """Describe what is wrong with the content of a JSON file, on one line without control characters."""
    if isinstance(error, KeyError):
        return f"{shorten(error.args[0])} is missing"
    if isinstance(error, JSONDecodeError):
        return f"not JSON: {error}"
    text = make_printable(one_line(error))
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 4]} ..."


def _limit_depth(value: Any, levels: int) -> Any:
    """Return a JSON value, unless it is nested so deeply that it could not be written again.

    Raises:
        ValueError: It is.
    """
    if levels == 0:
        raise ValueError("nested too deeply")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _limit_depth(each, levels - 1)
    return value


def _parse_tap(tap: Mapping[str, Any], samples: int) -> TapInfo:
    """Parse an entry of `taps`.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It is not valid.
    """
    # The first runs held nothing but activations and have no such key.
    kind = TapKind(tap.get("kind", TapKind.ACTIVATION))
    shape = _parse_sides(tap["shape"], 4)
    if kind is TapKind.ACTIVATION and shape[0] != samples:
        raise ValueError(f"a layer has values of {shape[0]} samples instead of {samples}")
    if tap["dtype"] not in DTYPES:
        raise ValueError(f"{shorten(tap['dtype'])} is not a type of values")
    channels = tap.get("channels")
    return TapInfo(
        shape=(shape[0], shape[1], shape[2], shape[3]),
        dtype=tap["dtype"],
        bounds=_parse_bounds(tap["bounds"]) if tap["bounds"] else None,
        kind=kind,
        fold=_parse_fold(tap["fold"], shape) if tap.get("fold") else None,
        channels=tuple(map(require_int, channels)) if channels else None,
        note=str(tap.get("note", "")),
    )


def _parse_classes(value: Any) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if type(value) is list and value else None


def _parse_sides(value: Any, count: int) -> tuple[int, ...]:
    if type(value) is not list or len(value) != count:
        raise ValueError(f"{shorten(value)} is not a shape of {count} numbers")
    return tuple(require_int(side, 1, MAX_STEP_BYTES) for side in value)


def _parse_bounds(bounds: Any) -> tuple[float, float]:
    low, high = map(to_float, bounds)
    if not low <= high:
        raise ValueError(f"{shorten(bounds)} are not the limits of values")
    return low, high


def _parse_fold(value: Any, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    channels, height, width = _parse_sides(value, 3)
    values = math.prod(shape[1:])
    # Only the last row of a map may end with blanks.
    if values % channels or height != -(-values // channels // width):
        raise ValueError(f"{values} values per sample cannot be folded to {shorten(value)}")
    # Earlier versions showed the channels of a sequence as the rows of one map, and folded vectors of any length.
    is_sequence = shape[3] > 1 and (channels, height, width) == (1, shape[1], shape[3])
    is_short = channels == shape[2] == shape[3] == 1 and shape[1] <= MAX_UNFOLDED
    return None if is_sequence or is_short else (channels, height, width)
