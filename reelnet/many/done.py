"""Files that need not be rendered again, since nothing that they are made from has changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError
from reelnet.export.provenance import Provenance, file_sha256, find_versions, run_sha256
from reelnet.many.render_many import RenderResult
from reelnet.many.task import RenderTask
from reelnet.runs.run import RunReader


def find_done(task: RenderTask) -> RenderResult | None:
    """The result of a task whose file is there and would be rendered with the same bytes; None for others.

    The report beside the file says what it was made from: the checksum of the run, the template with the files that
    it names, the fonts, the layer and the options, and the versions of all libraries that matter. The file itself
    must have its checksum.

    Args:
        task: The task, with the path of its report.

    Raises:
        RunError: The run is missing or damaged.
    """
    if task.report is None or not Path(task.report).is_file():
        return None
    run = run_sha256(RunReader(task.run))
    try:
        content = Provenance.read(Path(task.report)).content
        (entry,) = content["files"]
        same = content["run"]["sha256"] == run and content["versions"] == find_versions()
        if same and _is_same(task, entry) and _are_unchanged(task, entry):
            report = {**entry["report"], "path": task.output}
            return RenderResult(task, entry["layer"], report, is_skipped=True)
    except (ReelnetError, OSError, KeyError, TypeError, ValueError, AttributeError):
        # Whatever it is, it does not say that the file is done.
        return None
    return None


def _is_same(task: RenderTask, entry: Mapping[str, Any]) -> bool:
    """Whether the task asks for what a report describes."""
    asked = task.as_json()
    names = ("others", "step", "scale", "fps", "density")
    # The limits of a platform may have changed.
    cap = None if task.step is not None else task.options.resolve(Path(task.output)).constraints.max_bytes
    return (
        all(entry[name] == asked[name] for name in names)
        and task.layer in (None, entry["layer"])
        and entry["asked"] == asked["options"]
        and entry["template"]["content"] == asked["template"]
        and entry["report"]["cap"] == cap
    )


def _are_unchanged(task: RenderTask, entry: Mapping[str, Any]) -> bool:
    """Whether the file, and the pictures and fonts that it was made from, are what they were."""
    files = {**entry["template"]["files"], **entry["fonts"], task.output: entry["sha256"]}
    return all(file_sha256(Path(file)) == checksum for file, checksum in files.items())
