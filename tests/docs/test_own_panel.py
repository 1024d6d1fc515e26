"""A panel of your own: the package of the page, made of what stands there, is found and draws."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.docs.pages import snippets
from tests.make_run import gray_pictures, write_run

PAGE = "panels.md"
STEPS = (0, 10, 20)
MEANS = (0.0, 0.25, 0.5)
"""Mean size of the values at each step; half of them are negative."""

BAR, TRACK = (176, 94, 0), (222, 225, 229)
"""The color that the page's template gives, and that of hairlines in the light theme."""

BROKEN = """\
[reelnet.panels]
broken = nothing_of_this_name:Panel
plain_text = reelnet_activity.panel:np
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, and with two packages that are installed for whoever runs in it."""
    path = tmp_path_factory.mktemp("own")
    signs = np.resize([1.0, -1.0], (2, 3, 7, 7))
    maps = np.stack([mean * signs for mean in MEANS]).astype(np.float32)
    write_run(path / "runs" / "demo", maps, pictures=gray_pictures(2), labels=["a", "b"], steps=STEPS)
    site = path / "site"
    install(site)
    dist_info(site, "reelnet-broken", BROKEN)
    return path


def install(site: Path) -> None:
    """What pip would make of the page's package."""
    files = {each.file: each.text for each in snippets(PAGE, "python", "yaml", "toml") if each.file}
    assert set(files) == {"pyproject.toml", "reelnet_activity/panel.py", "reelnet_activity/activity.yaml"}
    project = tomllib.loads(files.pop("pyproject.toml"))
    (site / "reelnet_activity").mkdir(parents=True)
    (site / "reelnet_activity" / "__init__.py").touch()
    for file, text in files.items():
        (site / file).write_text(text, "utf-8")
    groups = project["project"]["entry-points"]
    assert set(groups) == {"reelnet.panels", "reelnet.templates"}
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()), "")
    ]
    dist_info(site, project["project"]["name"], "\n".join(lines))


def dist_info(site: Path, name: str, entry_points: str) -> None:
    """Tell Python that a package is installed."""
    folder = site / f"{name.replace('-', '_')}-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n", "utf-8")
    (folder / "entry_points.txt").write_text(entry_points, "utf-8")


def reelnet(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own: what is installed is looked up once a process."""
    paths = [str(folder / "site"), str(Path(__file__).parents[2])]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "reelnet", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(("step", "mean"), [*zip(STEPS, MEANS, strict=True)])
def test_the_bar_is_as_long_as_the_mean_says(folder: Path, step: int, mean: float) -> None:
    done = reelnet(folder, "frame", "runs/demo", "--step", str(step), "-o", "a.png", "--template", "activity")
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(folder / "a.png") as image:
        picture = np.asarray(image.convert("RGB"))
    bar, track = ((picture == color).all(axis=2) for color in (BAR, TRACK))
    # Hairlines are of the track's color, but none is 16 pixels high and as long: 8 at a density of 2.
    runs = bar | track
    rows = [y for y in range(len(runs) - 15) if (runs[y : y + 16].all(axis=0)).sum() > 40]
    assert len(rows) == 1
    inside = runs[rows[0] : rows[0] + 16].all(axis=0)
    filled = bar[rows[0] : rows[0] + 16].all(axis=0)
    # The layer gives values from -1 to 1, so the bar is full at 1.
    assert filled.sum() == pytest.approx(mean * inside.sum(), abs=1)
    assert not filled.any() or np.flatnonzero(filled)[0] == np.flatnonzero(inside)[0]


def test_the_pages_commands_work(folder: Path) -> None:
    for snippet in snippets(PAGE, "sh"):
        for command in snippet.text.splitlines():
            done = reelnet(folder, *command.split()[1:])
            assert (done.returncode, done.stderr) == (0, ""), command
    assert (folder / "activity.gif").stat().st_size > 1000
    assert "activity" in reelnet(folder, "templates", "list").stdout


def test_mistakes_in_its_options_are_told_like_others(folder: Path) -> None:
    def told(setting: str) -> str:
        done = reelnet(folder, "templates", "check", "activity", "--run", "runs/demo", "--set", setting)
        assert done.returncode == 3
        return done.stderr

    assert "panels.activity.colour: no such key; did you mean 'color'?" in told("panels.activity.colour=red")
    assert "panels.activity: no layer 'conv9' was recorded" in told("panels.activity.tap=conv9")


def test_the_schema_knows_it_and_leaves_broken_ones_out(folder: Path) -> None:
    done = reelnet(folder, "templates", "schema")
    assert done.returncode == 0
    assert '"panel-activity"' in done.stdout
    assert "the mean size of its values" in done.stdout
    assert '"panel-broken"' not in done.stdout


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("broken", "panel 'broken' of reelnet-broken cannot be loaded: "),
        ("plain_text", "is not a subclass of reelnet.panels.Panel"),
    ],
)
def test_a_broken_package_is_told_to_those_who_ask_for_it(folder: Path, kind: str, why: str) -> None:
    file = folder / f"{kind}.yaml"
    file.write_text(f"layout: {kind}\n", "utf-8")
    done = reelnet(folder, "templates", "check", str(file))
    assert done.returncode == 3
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert reelnet(folder, "templates", "check", "article").returncode == 0
