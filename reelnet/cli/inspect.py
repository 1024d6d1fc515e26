"""`reelnet inspect`, `verify` and `repair`: what a run holds, whether it is intact, and how to mend it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from reelnet._support.text import make_printable
from reelnet.cli import options
from reelnet.cli.output import align_columns, format_shape, progress_bars
from reelnet.errors import RunError

if TYPE_CHECKING:
    from reelnet.reel import Run
    from reelnet.runs.header import TapInfo

RESTORE = "restore samples.safetensors from a copy, or record the run again"


@click.command(short_help="Show what a run holds.")
@options.run
@options.as_json
def inspect(run: str, as_json: bool) -> None:
    """Show what the run folder RUN holds: steps, samples, layers with their value range, metrics."""
    from reelnet.reel import open_run

    opened = open_run(run)
    click.echo(json.dumps(run_as_json(opened), indent=2) if as_json else run_as_text(opened))


def run_as_json(run: Run) -> dict[str, Any]:
    """What a run holds, for `json.dumps`."""
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
        "warnings": list(run.warnings()),
    }


def run_as_text(run: Run) -> str:
    """What a run holds, for people."""
    steps = f"{run.steps[0]} to {run.steps[-1]} ({len(run.steps)} snapshots)" if run.steps else "none"
    facts = [
        ("run", make_printable(run.location)),
        ("steps", steps),
        ("samples", str(len(run.samples))),
        ("metrics", ", ".join(map(make_printable, run.metrics)) or "none"),
        ("size", f"{run.nbytes / 1e6:.2f} MB"),
    ]
    facts += [("note", make_printable(note)) for note in run.warnings()]
    rows = [
        ("layer", "shape", "dtype", "min", "max", "note"),
        *(_tap_row(name, tap) for name, tap in run.taps.items()),
    ]
    lines = [f"{name:<8} {value}" for name, value in facts]
    return "\n".join([*lines, "", *align_columns(rows, right=(3, 4))])


def _tap_row(name: str, tap: TapInfo) -> tuple[str, ...]:
    bounds = ("-" if bound is None else f"{bound:.4g}" for bound in (tap.min, tap.max))
    return (make_printable(name), format_shape(tap.shape), tap.dtype, *bounds, make_printable(tap.note))


@click.command(short_help="Check every checksum of a run.")
@options.run
@options.quiet
def verify(run: str, quiet: bool) -> None:
    """Read all of the run RUN and check every checksum.

    Prints one line for each damaged file and step; the exit code is then 4.
    """
    from reelnet.runs.verify import verify_run

    with progress_bars(quiet=quiet) as add_bar:
        health = verify_run(run, add_bar(str(run)).update)
    click.echo("".join(f"{make_printable(line)}\n" for line in health.problems()), nl=False)
    if health.log_problems and not health.damaged_steps:
        kept = f"{health.intact_step_count} of {health.step_count} steps"
        raise RunError(f"{run}: the log is damaged; 'reelnet repair {run}' restores it with {kept}")
    if health.damaged_steps:
        raise RunError(
            f"{run}: {len(health.damaged_steps)} of {health.step_count} steps are damaged; "
            f"'reelnet repair {run}' keeps what is intact"
        )
    if health.samples_problem:
        raise RunError(f"{run}: the samples are damaged; {RESTORE}")
    if health.metrics_problem:
        raise RunError(f"{run}: the imported metrics are damaged; import them again with 'reelnet metrics'")
    click.echo(f"{run}: all {health.step_count} steps are intact")


@click.command(short_help="Keep the intact steps of a damaged run.")
@options.run
@options.quiet
def repair(run: str, quiet: bool) -> None:
    """Keep what is intact of the run RUN, and list what is not.

    Steps whose log line is lost are restored from their files. Damaged steps are marked as missing, and their files
    move to the folder damaged. The exit code is 4 if no step is intact or the samples are damaged.
    """
    from reelnet.runs.verify import repair_run

    with progress_bars(quiet=quiet) as add_bar:
        health = repair_run(run, add_bar(str(run)).update)
    click.echo("".join(f"{make_printable(line)}\n" for line in health.problems()), nl=False)
    kept = f"kept {health.intact_step_count} of {health.step_count} steps"
    if health.samples_problem:
        raise RunError(f"{run}: {kept}, but the samples are damaged and cannot be mended; {RESTORE}")
    if health.step_count and not health.intact_step_count:
        raise RunError(f"{run}: {kept}; restore the run from a copy, or record it again")
    click.echo(f"{run}: was intact" if health.is_intact else f"{run}: {kept}")
