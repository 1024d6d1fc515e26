"""Values of wrong types and out of range in calls from Python: one line that says what would work, and no file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reelnet
from reelnet.errors import UsageError
from reelnet.reel import Reel
from tests.make_run import write_run


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    run = write_run(tmp_path_factory.mktemp("wrong") / "run", {"conv1": (3, 2, 7, 7)}, steps=range(3))
    return reelnet.open(run.location).reel("plain")


NO_NUMBERS: list[Any] = [-1, 10**30, "2", True, [2], b"2", math.nan, math.inf]


@pytest.mark.parametrize("name", ["scale", "density", "fps"])
@pytest.mark.parametrize("value", [0, *NO_NUMBERS])
def test_numbers_of_a_layout(reel: Reel, name: str, value: Any) -> None:
    run = reelnet.open(reel.run.location)
    with pytest.raises(UsageError, match=rf"^{name} .*: give an? (integer|number) from \S+ to \d+$"):
        run.reel("plain", **{name: value})


@pytest.mark.parametrize("name", ["scale", "density"])
def test_half_a_pixel_is_refused_and_any_integer_is_fine(reel: Reel, name: str) -> None:
    def lay_out(value: Any) -> Reel:
        options: dict[str, Any] = {name: value}
        return reelnet.open(reel.run.location).reel("plain", **options)

    with pytest.raises(UsageError, match=rf"^{name} 1\.5: give an integer"):
        lay_out(1.5)
    assert lay_out(np.int64(2)).scene.size == lay_out(2).scene.size


@pytest.mark.parametrize("value", [None, 3, "theme=dark", [3], {"theme=dark"}.union({3}), [b"theme=dark"]])
def test_settings_are_a_list_of_texts_or_a_dict(reel: Reel, value: Any) -> None:
    advice = r'give a list of texts, such as \["theme=dark"\], or a dict, such as \{"theme": "dark"\}$'
    with pytest.raises(UsageError, match=rf"^settings .*: {advice}"):
        reelnet.open(reel.run.location).reel("plain", settings=value)


@pytest.mark.parametrize("value", [None, 3, b"plain", []])
def test_templates(reel: Reel, value: Any) -> None:
    with pytest.raises(
        UsageError, match=r"^template .*: give a name, the path of a file, YAML text, or a dict"
    ):
        reelnet.open(reel.run.location).reel(value)


def test_settings_need_a_template_that_is_not_loaded(reel: Reel) -> None:
    with pytest.raises(UsageError, match="settings change a template by name or file"):
        reelnet.open(reel.run.location).reel(reel.template, settings=["theme=dark"])


@pytest.mark.parametrize("value", [None, 3, b"plain", []])
def test_paths(reel: Reel, value: Any) -> None:
    for call in (
        lambda: reel.save(value),
        lambda: reel.save_still(0, value),
        lambda: reel.export(["github"], value),
    ):
        with pytest.raises(UsageError, match=r"is not a path; give a str or a Path$"):
            call()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({"max_error": value}, "max_error .*: give a number from 0 to 240")
            for value in (241, *NO_NUMBERS)
        ),
        *(({"keep": value}, "keep .*: give a list of texts") for value in (None, 3, [3])),
        ({"platform": 3}, "platform 3: give the name of a platform, such as 'github'"),
        ({"max_size": [1]}, r"size \[1\]: write a number and a unit"),
        ({"codec": 3}, "no codec 3"),
        *(({"layers": value}, "layers .*: give a list of texts") for value in (None, 3, [3], "conv1")),
        (
            {"layers": ["conv1"]},
            "a.mp4: only an .html figure shows several layers; save a reel of each",
        ),
    ],
)
def test_options_of_files(reel: Reel, options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        reel.save(tmp_path / "a.mp4", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [None, 3, [3], {"github": 1}])
def test_platforms_are_a_list_of_names(reel: Reel, value: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^platforms .*: give a list of texts"):
        reel.export(value, tmp_path)


@pytest.mark.parametrize("name", ["taps", "metrics", "weights", "bounds"])
def test_groups_of_arrays_are_mappings(name: str, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"taps": {"conv": np.zeros((2, 1, 1, 3, 3))}, name: 3}
    with pytest.raises(UsageError, match=f"^{name} 3: give a mapping, such as a dict$"):
        reelnet.write_run(tmp_path / "run", steps=[0, 1], samples=np.zeros((1, 3, 3)), **arrays)
    assert list(tmp_path.iterdir()) == []
