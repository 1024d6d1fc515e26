"""Changes files of a run as a person could, with checksums that match again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reelnet.runs.format.checked_json import encode_checked


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of a log, without their numbers and checksums."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in ("line", "checksum")} for line in lines]


def write_lines(folder: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Replace the log."""
    data = b"".join(encode_checked({**line, "line": number}) for number, line in enumerate(lines))
    (folder / "log.jsonl").write_bytes(data)


def read_header(folder: Path) -> dict[str, Any]:
    """The header, without its checksum."""
    header: dict[str, Any] = json.loads((folder / "run.json").read_text())
    del header["checksum"]
    return header


def write_header(folder: Path, header: Mapping[str, Any]) -> None:
    """Replace the header."""
    (folder / "run.json").write_bytes(encode_checked(header, indent=2))
