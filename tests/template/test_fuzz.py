"""Random invalid templates: a clear error or a frame, in bounded time and memory.

`make fuzz` tries ten times as many as the suite, and says how many there were.
"""

from __future__ import annotations

import copy
import math
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from reelnet.config.diagnostics import OptionError, shorten_message
from reelnet.config.source import to_plain
from reelnet.errors import RunError, TemplateError, UsageError
from reelnet.export.fitting_template import load_template_for
from reelnet.reel import Run
from reelnet.render.compositor import Compositor
from reelnet.render.registry import PANELS
from reelnet.scene.resolve import resolve
from reelnet.template.builder import TEMPLATE_KEYS, build_template
from reelnet.template.load import load_node
from reelnet.template.model import Template
from reelnet.template.search_path import find_builtin_folder
from tests.make_run import write_run
from tests.template.everything import ALL, every_key, loose, write_everything
from tests.template.nonsense import SIZES, TEXTS, VALUES, mutated

Path_ = tuple[str | int, ...]

SCALE = int(os.environ.get("REELNET_FUZZ_SCALE", "1"))
"""Factor for the number of cases."""
MUTATIONS = 1300 * SCALE
FILES = 150 * SCALE
TRIED: Counter[str] = Counter()
"""Cases by what became of them."""
SECONDS = 2.0
"""Of processor time that a template may take from its file to a frame of up to four million pixels."""
HANGS = 30
"""Seconds after which a template is given up."""
LONGEST = 1000
"""Letters on a line of an error."""
MEMORY = 1_200_000_000
"""Bytes that the process may grow by."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield write_everything(tmp_path_factory.mktemp("fuzz") / "run")
    counts = ", ".join(f"{count} {name}" for name, count in TRIED.items())
    sys.stderr.write(f"\nfuzz: tried {TRIED.total():,} templates: {counts}\n")


@pytest.fixture(scope="module")
def odd_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Long names and labels, a layer that never changes, and metrics that are not finite or hardly known."""
    nan, inf = math.nan, math.inf
    long = "a/very.long_name" * 20
    return write_run(
        tmp_path_factory.mktemp("odd") / "run",
        {"conv1": (5, 3, 9, 2), long: (5, 40, 1, 1), "conv2": (5, 1, 1, 1)},
        values={
            "conv2": lambda step: np.full((5, 1, 1, 1), 1e-30),
            "conv1": lambda step: np.full((5, 3, 9, 2), inf),
        },
        steps=[3, 4, 1000, 1_000_000, 10**12],
        labels=["word " * 1000, "x" * 5000, "", "1" * 300, "é"],
        classes=["y" * 4000] * 40,
        metrics={
            "train_loss": [1.0, nan, inf, -inf, 2.0],
            "test_loss": [None, None, nan, None, None],
            "train_accuracy": [1e300, -1e300, 0.0, 5e-324, 1.0],
            "lr": [nan, nan, nan, nan, nan],
            "test_accuracy": [None, None, None, 0.5, None],
        },
    )


@contextmanager
def limit_resources() -> Iterator[None]:
    """Fail if a template hangs or uses too much memory."""
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_AS)
    statm = Path("/proc/self/statm")
    if statm.exists():
        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, usual[1]))
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, usual)


def give_up(number: int, frame: FrameType | None) -> None:
    """End a template that hangs."""
    raise AssertionError(f"not done after {HANGS} s")


def can_draw(make: Callable[[], Any], run: Run) -> bool:
    """Whether a template loads and a frame can be drawn. Errors that reelnet reports are fine."""
    began = time.process_time()
    with limit_resources():
        try:
            scene = resolve(make(), run)
            compositor = Compositor(scene, run)
            canvas = compositor.draw_step(scene.timeline.frames[0].step)
            compositor.draw_step(scene.timeline.frames[-1].step)
        except (TemplateError, UsageError, RunError) as error:
            TRIED["refused"] += 1
            lines = str(error).splitlines()
            assert lines
            assert max(map(len, lines)) < LONGEST, "an error that nobody will read"
            assert time.process_time() - began < SECONDS
            return False
    assert time.process_time() - began < SECONDS * max(1, canvas.size / 4e6)
    assert canvas.shape == (scene.size.height, scene.size.width)
    TRIED["drawn"] += 1
    return True


BUILT_IN = sorted(find_builtin_folder().glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("file", [*BUILT_IN, ALL], ids=lambda file: file.stem)
def test_mutated_files(run: Run, odd_run: Run, tmp_path: Path, file: Path) -> None:
    text, words = file.read_text("utf-8"), sorted({key[-1] for key in every_key()} | {*PANELS})
    fonts = (ALL.parent.parent / "reelnet" / "data").resolve()
    text = text.replace("../reelnet/data", str(fonts)).replace("golden/", f"{ALL.parent}/golden/")
    chance, mine = random.Random(file.stem), tmp_path / "mine.yaml"
    good = 0
    for number in range(MUTATIONS // (len(BUILT_IN) + 1)):
        wrong = mutated(text, words, chance)
        mine.write_bytes(wrong.encode("utf-8", "surrogatepass"))
        try:
            shown = odd_run if number % 8 == 7 else run
            good += can_draw(lambda shown=shown: load_template_for(shown, mine), shown)  # type: ignore[misc]
        except BaseException as error:
            error.add_note(f"mutation {number} of {file.name}:\n{wrong}")
            raise
    # Were all of them refused at once, little would have been tried.
    assert good >= number // 60


FONT = Path(str(resources.files("reelnet"))) / "data" / "fonts" / "OpenSans-Regular.ttf"
PICTURE = ALL.parent / "golden" / "plain-80.png"
ODD_PATHS = [
    "~nobody-of-this-name/x",
    "~",
    "x" * 256,
    "ü" * 200,
    "a/" * 2100,
    "",
    ".",
    "..",
    "/",
    "/dev/zero",
    "/dev/null",
    "loop",
    "fifo",
    "folder",
    "secret",
    "mine.yaml",
    "mine.yaml/x",
    "a\\x00b",
    "\\ud800",
    "-",
    "{layer}",
    "C:\\\\a",
    "file:///etc/passwd",
]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with some bytes that are others, are gone, or stand elsewhere."""
    changed, head = bytearray(data), min(len(data), chance.choice((60, 600, len(data))))
    match chance.randrange(4):
        case 0:
            return bytes(changed[: chance.randrange(head)])
        case 1:
            at, count = chance.randrange(head), chance.randrange(1, 5000)
            return bytes(changed[:at] + changed[at + count :])
        case 2:
            at, count = chance.randrange(head), chance.choice((1, 2, 4, 400))
            changed[at : at + count] = chance.choice((b"\0", b"\xff", b"\x7f")) * count
        case _:
            for _ in range(chance.choice((1, 3, 30))):
                changed[chance.randrange(head)] = chance.randrange(256)
    return bytes(changed)


def test_odd_files(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths that are none, and pictures and fonts that are damaged."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    Path("loop").symlink_to("loop")
    Path("folder").mkdir()
    chance, good = random.Random(20), 0
    sources = {"font": (FONT.read_bytes(), "ttf"), "font_bold": (FONT.read_bytes(), "ttf")}
    sources["file"] = (PICTURE.read_bytes(), "png")
    for number in range(FILES):
        key = chance.choice([*sources, "extends", "path"])
        data, suffix = sources.get(key, (b"", "yaml"))
        name = chance.choice(ODD_PATHS)
        if key in sources and number % 4:
            name = f"{number}.{suffix}"
            Path(name).write_bytes(damaged(data, chance))
        line = {
            "extends": f'extends: [plain, "{name}"]',
            "path": f'extends: plain\noutputs: [{{path: "{name}.gif"}}, {{path: "{name}/a.png", step: 3}}]',
            "file": f'extends: plain\npanels: {{image: {{file: "{name}"}}}}\nlayout: {{column: [image, channels]}}',
        }.get(key, f'extends: article\ntheme: {{{key}: "{name}"}}')
        Path("mine.yaml").write_text(line, "utf-8")
        try:
            good += can_draw(lambda: load_template_for(run, "mine.yaml"), run)
        except BaseException as error:
            error.add_note(f"case {number}:\n{line[:500]}")
            raise
    assert good >= FILES // 10


CONTENT = to_plain(load_node(ALL))
for each in (CONTENT["panels"]["image"], CONTENT["theme"]):
    for option in {"file", "font", "font_bold"} & each.keys():
        each[option] = str((ALL.parent / each[option]).resolve())


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place in a template's content."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*path, key))


LOOSE = loose(CONTENT)
PLACES = [*places(CONTENT)]


def alike(path: Path_) -> st.SearchStrategy[Any]:
    """Values of the type that stands at a place, and none at all."""
    value: Any = CONTENT
    for key in path:
        value = value[key]
    match value:
        case bool():
            return st.booleans()
        case int() | float():
            return SIZES | st.just(GONE)
        case str() if value.startswith("#"):
            return st.sampled_from(["#000", "#ffffff", value, GONE])
        case str():
            return TEXTS | st.just(GONE)
        case list():
            return st.lists(st.sampled_from(value), max_size=6) | st.sampled_from(LISTS) | st.just(GONE)
    return st.just(GONE)


GONE = "gone"
"""Stands for a key that is left out."""
LISTS: list[Any] = [[0], [20, 40], [0, 160], ["conv2"], ["out", "lr"], ["#000", "#fff"], [0, 1e-8], [-1, 1]]


def altered(content: Any, changes: list[tuple[Path_, Any]]) -> Any:
    """The content with other values."""
    content = copy.deepcopy(content)
    for path, value in changes:
        inside = content
        try:
            for key in path[:-1]:
                inside = inside[key]
            if value == GONE:
                del inside[path[-1]]
            else:
                inside[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            # Another change has taken the place away.
            continue
    return content


def built(content: Any) -> Template:
    """A template from its content."""
    try:
        return build_template("odd", content, PANELS)
    except OptionError as error:
        raise TemplateError("\n".join(shorten_message(message) for _, message in error.errors)) from None


GENERATED = settings(
    max_examples=300 * SCALE,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
)


@pytest.mark.slow
@GENERATED
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=2))
def test_odd_values(run: Run, changes: list[tuple[Path_, Any]]) -> None:
    can_draw(lambda: built(altered(CONTENT, changes)), run)


EXTREMES = st.lists(
    st.sampled_from(PLACES).flatmap(lambda path: st.tuples(st.just(path), alike(path))),
    min_size=1,
    max_size=3,
)
"""Changes to values of the same type."""


@pytest.mark.slow
@GENERATED
@given(changes=EXTREMES, fixed=st.booleans(), canvas=st.booleans())
def test_extreme_values(run: Run, changes: list[tuple[Path_, Any]], fixed: bool, canvas: bool) -> None:
    content = CONTENT if fixed else LOOSE
    can_draw(lambda: built(altered(content if canvas else {**content, "canvas": {}}, changes)), run)


def test_every_key_is_mutated() -> None:
    assert {*TEMPLATE_KEYS} <= {str(path[0]) for path in PLACES}
