"""`reelnet inspect`: what a run holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reelnet.reel import Run
    from reelnet.runs.header import TapInfo


@click.command(short_help="Show what a run holds.")
@click.argument("run", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(run: str, as_json: bool) -> None:
    """Show what the run folder RUN holds: steps, samples, layers with their value range, metrics."""
    from reelnet.reel import open_run

    opened = open_run(run)
    click.echo(json.dumps(content(opened), indent=2) if as_json else summary(opened))


def content(run: Run) -> dict[str, Any]:
    """What a run holds, for programs."""
    return {
        "steps": run.steps,
        "samples": len(run.samples),
        "taps": {
            name: {
                "kind": tap.kind.value,
                "shape": list(tap.shape),
                "dtype": tap.dtype,
                "min": tap.min,
                "max": tap.max,
                "nonfinite": run.nonfinite.get(name, (0, None))[0],
                "note": tap.note,
            }
            for name, tap in run.taps.items()
        },
        "missing": {str(step): reason for step, reason in run.missing.items()},
        "metrics": list(run.metrics),
        "bytes": run.nbytes,
    }


def summary(run: Run) -> str:
    """What a run holds, for people."""
    from reelnet.runs.notes import notes_of

    steps = f"{run.steps[0]} to {run.steps[-1]} ({len(run.steps)} snapshots)" if run.steps else "none"
    facts = [
        ("run", run.where),
        ("steps", steps),
        ("samples", str(len(run.samples))),
        ("metrics", ", ".join(run.metrics) or "none"),
        ("size", f"{run.nbytes / 1e6:.2f} MB"),
    ]
    facts += [("note", note) for note in notes_of(run)]
    rows = [
        ("layer", "shape", "dtype", "min", "max", "note"),
        *(_row(name, tap) for name, tap in run.taps.items()),
    ]
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    return "\n".join([f"{name:<8} {value}" for name, value in facts] + ["", *aligned(rows, right=(3, 4))])


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines with the columns under each other; those numbered in `right` stand at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def shape_text(shape: Sequence[int]) -> str:
    """A shape as in `10x4x28x28`."""
    return "x".join(map(str, shape))


def _row(name: str, tap: TapInfo) -> tuple[str, ...]:
    ends = ("-" if end is None else f"{end:.4g}" for end in (tap.min, tap.max))
    return (name, shape_text(tap.shape), tap.dtype, *ends, tap.note)
