"""The file of one step: its values, and a copy of its log line, from which a lost line is restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.format.arrays import (
    ByteSpan,
    compute_crc32s,
    count_nonfinite,
    crc32,
    finite_range,
    pack_arrays,
    unpack_array,
)
from reelnet.runs.format.checked_json import encode_checked, parse_checked
from reelnet.runs.format.commit import STEP_FILE, Commit, step_file
from reelnet.runs.format.safetensors_header import SafetensorsHeader, read_start
from reelnet.runs.header import TapInfo
from reelnet.runs.storage.protocol import Store

LINE_KEY = "line"
"""Entry of a file's metadata: the log line of its steps, without what depends on the size of the metadata."""


def pack_step(
    step: int,
    arrays: Mapping[str, NDArray[np.generic]],
    metrics: Mapping[str, float],
    elapsed: float | None,
) -> tuple[bytes, Commit]:
    """Encode the file of a step. Returns its bytes and the commit."""
    spans = {
        name: ByteSpan(0, arrays[name].nbytes, checksum) for name, checksum in compute_crc32s(arrays).items()
    }
    commit = Commit(
        step=step,
        metrics=metrics,
        file=step_file(step),
        spans=spans,
        ranges={name: finite_range(array) for name, array in arrays.items()},
        nonfinite={name: count for name, array in arrays.items() if (count := count_nonfinite(array))},
        elapsed=elapsed,
    )
    line = commit.to_line()
    for tap in line["taps"].values():
        del tap["offset"]
    data, offsets = pack_arrays(arrays, {LINE_KEY: encode_checked(line).decode()})
    return data, replace(
        commit, spans={name: replace(span, offset=offsets[name]) for name, span in spans.items()}
    )


def restore_commit(store: Store, name: str, infos: Mapping[str, TapInfo]) -> tuple[Commit, bool]:
    """Build the commit of a step from its file, without the log.

    Returns:
        The commit, and whether the file has a copy of its line. Otherwise, in a file of format version 1 or 2,
        metrics and checksums are unknown, and the checksums are those of the values as they are.

    Raises:
        OSError: The file cannot be read.
        KeyError, TypeError, ValueError: It is not the file of a step of these taps.
    """
    header = SafetensorsHeader.parse(read_start(store, name))
    match = STEP_FILE.fullmatch(name)
    if match is None or header.entries.keys() != infos.keys():
        raise ValueError("the arrays are not those of the run")
    offsets = {tap: header.locate(tap, info.dtype, info.shape)[0] for tap, info in infos.items()}
    if LINE_KEY in header.metadata:
        line = parse_checked(header.metadata[LINE_KEY].encode(), required=True)
        for tap, offset in offsets.items():
            line["taps"][tap]["offset"] = offset
        if line["file"] != name:
            raise ValueError("it is the file of another step")
        return Commit.from_line(line, infos), True
    values = store.read_spans(name, [(offsets[tap], info.nbytes) for tap, info in infos.items()])
    line = {"step": int(match[1]), "file": name, "metrics": {}, "taps": {}}
    for (tap, info), data in zip(infos.items(), values, strict=True):
        line["taps"][tap] = _describe_values(data, info, offsets[tap])
    return Commit.from_line(line, infos), False


def _describe_values(data: bytes, info: TapInfo, offset: int) -> dict[str, Any]:
    array = unpack_array(data, info.dtype, info.shape)
    low, high = finite_range(array) or (None, None)
    count = count_nonfinite(array)
    return {
        "offset": offset,
        "size": len(data),
        "crc32": f"{crc32(data):08x}",
        "min": low,
        "max": high,
        **({"nonfinite": count} if count else {}),
    }
