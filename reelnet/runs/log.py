"""`log.jsonl`: the steps that count, one a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelnet.errors import RunError
from reelnet.runs.arrays import Span
from reelnet.runs.header import MEND, TapInfo, reason, unreadable


@dataclass(frozen=True)
class Commit:
    """One line of the log: a step that counts, and where its arrays lie.

    Attributes:
        file: Path of the step's file, relative to the run folder.
        spans: Where each tap's values lie in it.
        ranges: For each tap its least and greatest finite value at this step, or None.
        nonfinite: For each tap the number of its values that are NaN or infinite, where there are any.
    """

    step: int
    metrics: Mapping[str, float]
    file: str
    spans: Mapping[str, Span]
    ranges: Mapping[str, tuple[float, float] | None]
    nonfinite: Mapping[str, int]


@dataclass(frozen=True)
class Log:
    """What the log says.

    Attributes:
        commits: The steps that count, ascending.
        missing: Why a step could not be recorded, by step.
    """

    commits: list[Commit]
    missing: Mapping[int, str]


def read_log(path: Path, taps: Mapping[str, TapInfo]) -> Log:
    """Read the log of the run folder `path`, which records `taps`.

    Raises:
        RunError: The log is not there, or damaged.
    """
    file = path / "log.jsonl"
    try:
        text = file.read_bytes()
    except OSError as error:
        raise unreadable(file, "the log", error) from error
    # What follows the last newline is a line whose writer was killed: not a commit.
    lines = text.split(b"\n")[:-1]
    commits: dict[int, Commit] = {}
    missing: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        try:
            _read_line(json.loads(line), taps, commits, missing)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{file}:{number}: not a line of a log ({reason(error)}); {MEND}") from error
    return Log([commits[step] for step in sorted(commits)], _still(missing, commits))


def _still(missing: Mapping[int, str], commits: Mapping[int, Commit]) -> dict[int, str]:
    """The missing steps that were not recorded after all, when the training went on from before them."""
    return {step: missing[step] for step in sorted(missing) if step not in commits}


def _read_line(
    line: Mapping[str, Any],
    infos: Mapping[str, TapInfo],
    commits: dict[int, Commit],
    missing: dict[int, str],
) -> None:
    if "dropped" in line:
        for step in line["dropped"]:
            commits.pop(int(step), None)
    elif "missing" in line:
        missing[int(line["step"])] = str(line["missing"])
    else:
        commit = _commit(line, infos)
        commits[commit.step] = commit


def _commit(line: Mapping[str, Any], infos: Mapping[str, TapInfo]) -> Commit:
    taps = {name: line["taps"][name] for name in infos}
    for name, info in infos.items():
        if taps[name]["size"] != info.nbytes:
            raise ValueError(f"{name} has {taps[name]['size']} bytes instead of {info.nbytes}")
    return Commit(
        step=int(line["step"]),
        metrics={name: float(value) for name, value in line["metrics"].items()},
        file=str(line["file"]),
        spans={
            name: Span(int(tap["offset"]), int(tap["size"]), str(tap["crc32"])) for name, tap in taps.items()
        },
        ranges={
            name: (float(tap["min"]), float(tap["max"])) if tap["min"] is not None else None
            for name, tap in taps.items()
        },
        nonfinite={name: int(tap["nonfinite"]) for name, tap in taps.items() if tap.get("nonfinite")},
    )
