"""Every built-in template on runs of every shape keeps the rules, or says in one line why it cannot show the run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from looks.measure import choose_steps, measure_reel
from looks.rules import find_rules
from looks.shapes import SHAPES as RECORDED

from reelnet.errors import ReelnetError
from reelnet.reel import Run
from reelnet.template.search_path import find_builtin_folder
from tests.looks.shapes import SHAPES, write_shape

TEMPLATES = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))

MAX_REFUSAL = 300
"""Characters of a refusal."""

REFUSED = {
    "compass": "logsteps gaps bare",
    "race": "logsteps gaps bare",
    "barcode": "ends still",
    "filters": "all but pictures filters",
}
"""Per template: the shapes that it refuses in one clear line, as they lack what it shows: classes, filters, steps."""

KNOWN: dict[str, dict[str, str]] = {
    "annotated": {"maps": "single"},
    "overview": {"maps": "series"},
    "square": {"maps": "filters single oblong logsteps gaps"},
    "vertical": {"maps": "single"},
}
"""Per template and rule: the shapes on which the template breaks the rule as yet, or `all`, or `all but` some."""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """The run of a shape, written when it is needed first."""
    folder = tmp_path_factory.mktemp("shapes")
    return cache(lambda shape: write_shape(folder, shape))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_look_keeps_the_rules(runs: Callable[[str], Run], template: str, shape: str) -> None:
    broken = find_broken(runs(shape), template)
    expected = {**KNOWN.get(template, {}), "refused": REFUSED.get(template, "")}
    known = {rule for rule, shapes in expected.items() if includes(shapes, shape)}
    assert {rule: fault for rule, fault in broken.items() if rule not in known} == {}
    assert known - set(broken) == set(), "kept by now: remove it from KNOWN"


def test_shapes_are_those_of_the_contact_sheet() -> None:
    assert set(SHAPES) == set(RECORDED)


def includes(shapes: str, shape: str) -> bool:
    """Whether an entry of `KNOWN` includes a shape."""
    return (shape in shapes.split()) != shapes.startswith("all")


def find_broken(run: Run, template: str) -> dict[str, str]:
    """The rules that a template breaks on a run; refused if it cannot show it."""
    file = find_builtin_folder() / f"{template}.yaml"
    try:
        # At the density of most files, at which cells are on the grid.
        figures, _ = measure_reel(run.reel(file, density=None), choose_steps(run.steps))
    except ReelnetError as error:
        reason = str(error)
        is_clear = "\n" not in reason and len(reason) < MAX_REFUSAL
        return {"refused" if is_clear else "refused at length": reason}
    return find_rules(template).find_broken(figures)
