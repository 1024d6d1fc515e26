"""`reelnet render` of many files: a pattern of runs, several platforms, and what is left of an earlier call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelnet._support.text import make_printable
from reelnet.cli.output import Column, print_notes_of, print_table, progress_bars
from reelnet.errors import ReelnetError, UsageError

if TYPE_CHECKING:
    from reelnet.cli.options import LayoutOptions
    from reelnet.export.request import ExportOptions
    from reelnet.many.render_many import RenderResult
    from reelnet.many.task import RenderTask

COLUMNS = (
    Column("run", merge=True),
    Column("layer"),
    Column("place"),
    Column("file"),
    *(Column(heading, right=True, wrap=False) for heading in ("size", "fill", "frames")),
    Column("result", wrap=False),
    Column("reduced"),
)


@dataclass(frozen=True)
class FilesToRender:
    """What one call of `reelnet render` asks for.

    Attributes:
        runs: A run, or a pattern of runs.
        file: The name of each file, with fields in braces; None if there is none.
        layout: What is shown.
        platforms: The names of platforms.
        options: The other options of each file.
    """

    runs: str
    file: str | None
    layout: LayoutOptions
    platforms: Sequence[str]
    options: ExportOptions


def check_file(file: str | None, layout: LayoutOptions) -> None:
    """Raise the errors in the name of a file that can be found without a run.

    Raises:
        UsageError: No format has its suffix, or a figure has a density.
    """
    from reelnet.export.encoders.formats import find_format, is_figure

    if file is None:
        return
    find_format(file)
    if is_figure(file) and layout.density is not None:
        raise UsageError(f"-o {file}: a figure is sharp at any density; leave --density out")


def render_many(
    wanted: FilesToRender, *, jobs: int | None, keep_going: bool, skip_done: bool, as_json: bool, quiet: bool
) -> None:
    """Render the files of all runs that match a pattern, then print a table and write a contact sheet.

    The exit code is that of the first error.
    """
    from reelnet.many.done import find_done

    planned, unread = _plan_files(wanted, keep_going=keep_going)
    done = {task.output: find_done(task) for _, task in planned} if skip_done else {}
    tasks = [task for _, task in planned if done.get(task.output) is None]
    rendered = _render(tasks, jobs=jobs, keep_going=keep_going, quiet=quiet)
    results = [(name, done.get(task.output) or rendered[task.output]) for name, task in planned]
    print_notes_of(result.notes for _, result in results)
    if as_json:
        lines = [{**result.as_json(), "skipped": result.is_skipped} for _, result in results]
        click.echo(json.dumps(lines, indent=2))
    elif results:
        print_table(COLUMNS, [_make_row(name, result) for name, result in results])
    if results:
        _write_sheet(results)
    codes = [error.exit_code for error in unread] + [each.exit_code for _, each in results if each.error]
    if codes:
        click.get_current_context().exit(codes[0])


def _plan_files(
    wanted: FilesToRender, *, keep_going: bool
) -> tuple[list[tuple[str, RenderTask]], list[ReelnetError]]:
    """The files of each run, with the name of the run; and the errors of runs that cannot be shown."""
    from reelnet.many.patterns import check_output, find_runs

    if wanted.file is None:
        raise UsageError("several files need a name: -o 'renders/{run}/{layer}-{platform}.{suffix}'")
    if "{suffix}" not in wanted.file:
        check_file(wanted.file, wanted.layout)
    if wanted.options.needs_cap and not (wanted.platforms or wanted.options.has_cap):
        raise UsageError("--max-error and --keep are for a cap; add --max-size or --for")
    runs = find_runs(wanted.runs)
    check_output(wanted.file, runs=len(runs), platforms=wanted.platforms)
    planned: list[tuple[str, RenderTask]] = []
    unread: list[ReelnetError] = []
    for name, address in runs.items():
        try:
            planned += [(name, task) for task in _plan_run(address, name, wanted.file, wanted)]
        except ReelnetError as error:
            if not keep_going:
                raise
            unread.append(error)
            # Many a mistake does not say where it was made: a template fits one run and not another.
            where = "" if address in str(error) else f"{address}: "
            click.echo(f"reelnet: {make_printable(f'{where}{error}')}", err=True)
    return planned, unread


def _plan_run(address: str, name: str, file: str, wanted: FilesToRender) -> list[RenderTask]:
    """The files of one run."""
    from reelnet.many.patterns import plan_tasks

    layout = wanted.layout
    run, template = layout.open_inputs(address)
    tasks = plan_tasks(
        run,
        name,
        template,
        file,
        layers=layout.layers,
        platforms=wanted.platforms,
        scale=layout.scale,
        fps=layout.fps,
        density=layout.density,
        options=wanted.options,
    )
    return [*tasks]


def _render(
    tasks: Sequence[RenderTask], *, jobs: int | None, keep_going: bool, quiet: bool
) -> dict[str, RenderResult]:
    """The results of some tasks, by their files."""
    from reelnet.many.render_many import render_many as render_tasks

    finished: dict[str, RenderResult] = {}
    with progress_bars(quiet=quiet) as add_bar:
        bar = add_bar("files")
        bar.update(0, len(tasks))

        def show(result: RenderResult) -> None:
            finished[result.task.output] = result
            bar.update(len(finished), len(tasks))
            if result.error and keep_going:
                bar.echo(f"reelnet: {make_printable(f'{result.task.output}: {result.error}')}")

        render_tasks(tasks, jobs=jobs, keep_going=keep_going, on_result=show)
    return finished


def _write_sheet(results: Sequence[tuple[str, RenderResult]]) -> None:
    from reelnet.many.contact_sheet import find_sheet, is_replaceable, write_sheet

    sheet = find_sheet([Path(result.task.output) for _, result in results])
    name = make_printable(str(sheet))
    if is_replaceable(sheet):
        write_sheet(sheet, results)
        click.echo(f"reelnet: {name} shows all files", err=True)
    else:
        click.echo(f"reelnet: note: {name} is no contact sheet, so it is not replaced", err=True)


def _make_row(name: str, result: RenderResult) -> tuple[str, ...]:
    from reelnet._support.byte_size import format_size

    task, report = result.task, result.report
    first = (name, result.layer or "-", task.options.platform or "-", task.output)
    if report is None:
        return (*first, *"---", "failed", "-")
    fill = "-" if report["fill"] is None else f"{int(1000 * report['fill']) / 10:.1f}%"
    state = "unchanged" if result.is_skipped else "made"
    size = format_size(report["bytes"])
    return (*first, size, fill, str(report["frames"]), state, "; ".join(report["traded"]) or "-")
