"""Templates with all kinds of nonsense in them: a clear error or a frame, soon, and in bounded memory."""

from __future__ import annotations

import copy
import math
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reelnet.compose.compositor import Compositor
from reelnet.compose.panels import PANELS
from reelnet.errors import RunError, TemplateError, UsageError
from reelnet.runs.run import Run
from reelnet.scene.resolve import resolve
from reelnet.template.build import KEYS, Builder
from reelnet.template.load import load_template
from reelnet.template.lookup import builtin_folder, load_merged
from reelnet.template.source import plain
from reelnet.template.spec import Places
from tests.template.everything import ALL, every_key, write_everything

MUTATIONS = 1200
SECONDS = 2.0
"""Of processor time that a template may take from its file to a frame."""
HANGS = 30
"""Seconds after which a template is given up."""
MEMORY = 1_200_000_000
"""Bytes that the process may grow by."""

ODD = [
    *("0", "-1", "1", "2", "3.5", "-0.0", "1e300", "-1e300", "1e-300", "999999999999", "16384", "512", "256", "255"),
    *(".nan", ".inf", "-.inf", "null", "~", "true", "false", "''", '""', "[]", "{}", "[[]]", "[null]", "{a: 1}"),
    *("all", "auto", "log", "row", "column", "x" * 3000, "'0-9999'", "'5-2'", "0-4000", "{top: 0}", "{top: 9999}"),
    *("[0, 0]", "[1, 2, 3]", "'#fff'", "'#ffff'", "#fff", "1:1", "0:1", "9999:1", "2x2", "16384x16384", "viridis"),
    *("'{step:99}'", "'{layer!r}'", "'{layer.__class__}'", "'{'", "'{{}}'", "'{metrics.train_loss:.1%}'", "'{out}'"),
    *("🙂", "ظ", "'\\0'", '"\\u202e"', "é́", "a\u0301", "conv1", "conv2", "out", "conv1.weight", "/dev/zero", "../.."),
    *("&a [*a]", "*a", "!!python/object:os.system x", "!x y", "<<: {a: 1}", "@", "`", "%", "? a", "- - - -", "50%"),
]
"""Values in YAML, most of them wrong in most places."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_everything(tmp_path_factory.mktemp("fuzz") / "run")


@contextmanager
def bounded() -> Iterator[None]:
    """Fail what hangs, takes long, or takes memory without end."""
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_AS)
    statm = Path("/proc/self/statm")
    if statm.exists():
        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, usual[1]))
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    began = time.process_time()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, usual)
    taken = time.process_time() - began
    assert taken < SECONDS, f"took {taken:.1f} s"


def give_up(number: int, frame: FrameType | None) -> None:
    """End a template that hangs."""
    raise AssertionError(f"not done after {HANGS} s")


def drawn(make: Callable[[], Any], run: Run) -> bool:
    """Whether a template loads and a frame can be drawn; a mistake that is told is none."""
    with bounded():
        try:
            scene = resolve(make(), run)
            canvas = Compositor(scene, run).canvas(scene.timeline.shown[0].step)
        except (TemplateError, UsageError, RunError) as error:
            lines = str(error).splitlines()
            assert lines
            assert all(len(line) < 1000 for line in lines), "an error that nobody will read"
            return False
    assert canvas.shape == (scene.size.height, scene.size.width)
    return True


def mutated(text: str, words: list[str], chance: random.Random) -> str:
    """A text with one to three mutations."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        text = chance.choice(MUTATORS)(text, words, chance)
    return text


def other_value(text: str, words: list[str], chance: random.Random) -> str:
    """An odd value in place of a key's."""
    found = [*re.finditer(r"(?<=: )[^,{}\[\]\n]+|(?<=: )\[[^\[\]\n]*\]|(?<=: )\{[^{}\n]*\}", text)]
    return _replaced(text, found, chance.choice(ODD), chance)


def other_key(text: str, words: list[str], chance: random.Random) -> str:
    """Another key of the language in place of one."""
    return _replaced(text, [*re.finditer(r"\w+(?=:)", text)], chance.choice(words), chance)


def other_item(text: str, words: list[str], chance: random.Random) -> str:
    """An odd value, or the name of a panel, in place of a list's item."""
    found = [*re.finditer(r"(?<=[\[,])[^,\[\]{}\n]+(?=[,\]])", text)]
    return _replaced(text, found, chance.choice([*ODD, *PANELS]), chance)


def one_more_key(text: str, words: list[str], chance: random.Random) -> str:
    """A key of the language in a map where it may not belong, with an odd value."""
    found = [*re.finditer(r"(?<=\{)(?=\w+:)", text)]
    return _replaced(text, found, f"{chance.choice(words)}: {chance.choice(ODD)}, ", chance)


def other_lines(text: str, words: list[str], chance: random.Random) -> str:
    """A line that is not there, twice there, elsewhere, or indented in another way."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(chance.randrange(len(lines)), lines[at])
        case 2:
            lines[at] = " " * chance.randrange(9) + lines[at].lstrip()
        case _:
            lines[at] += chance.choice((" #", ":", " {", "]", " - x", "\t", " &a", "\r", "\0", " 'x"))
    return "\n".join(lines)


def other_letters(text: str, words: list[str], chance: random.Random) -> str:
    """Some letters that are not there, or others."""
    at = chance.randrange(len(text) + 1)
    more = "".join(chance.choices("{}[]:,#'\"&*!|>%@-?\t\n 09aé🙂\x07\ud800", k=chance.randrange(3)))
    return text[:at] + more + text[at + chance.randrange(4) :]


def _replaced(text: str, found: list[re.Match[str]], by: str, chance: random.Random) -> str:
    if not found:
        return text
    match = chance.choice(found)
    return text[: match.start()] + by + text[match.end() :]


MUTATORS = (other_value, other_value, other_value, other_key, other_item, one_more_key, other_lines, other_letters)

BUILT_IN = sorted(builtin_folder().glob("*.yaml"))


@pytest.mark.parametrize("file", [*BUILT_IN, ALL], ids=lambda file: file.stem)
def test_mutated_files(run: Run, tmp_path: Path, file: Path) -> None:
    text, words = file.read_text("utf-8"), sorted({key[-1] for key in every_key()} | {*PANELS})
    fonts = (ALL.parent.parent / "reelnet" / "data").resolve()
    text = text.replace("../reelnet/data", str(fonts)).replace("golden/", f"{ALL.parent}/golden/")
    chance, mine = random.Random(file.stem), tmp_path / "mine.yaml"
    good = 0
    for number in range(MUTATIONS // (len(BUILT_IN) + 1)):
        wrong = mutated(text, words, chance)
        mine.write_bytes(wrong.encode("utf-8", "surrogatepass"))
        try:
            good += drawn(lambda: load_template(mine, PANELS), run)
        except BaseException as error:
            error.add_note(f"mutation {number} of {file.name}:\n{wrong}")
            raise
    # Were all of them refused at once, little would have been tried.
    assert good >= number // 20


NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 3, 5, 6, 7, 8, 255, 256, 257, 4096, 16_384, 16_383, 2**31, 2**63, 10**17, -(10**17)]
) | st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-300, 1e300, -1e300, 1e30, math.nan, math.inf, -math.inf])
TEXTS = st.sampled_from(
    ["", " ", "x", "x" * 200, "word " * 300, "x" * 2000, "a\nb\n\n\n", "\t", "🙂", "ظظظ", "\u202e", "a\u0301", "\0"]
    + ["{layer}", "{step}", "{step:,}" * 200, "{metrics.lr:.99f}", "{x}", "{", "}}", "{0}", "{layer:>99}", "{step:_}"]
    + ["all", "log", "top", "auto", "row", "end", "stretch", "0-5", "0-4095", "99%", "#fff", "#123456", "viridis"]
    + ["conv1", "conv2", "out", "conv1.weight", "train_loss", "lr", "1:9999", "9999:1", "/dev/null", ".", "x.gif"]
) | st.text(max_size=8)
VALUES = st.recursive(
    NUMBERS | TEXTS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["top", "percentile", "items", "from", "to", "id", "every", "text"]), inner),
    max_leaves=6,
)

CONTENT = plain(load_merged(ALL))
for each in (CONTENT["panels"]["image"], CONTENT["theme"]):
    for option in {"file", "font", "font_bold"} & each.keys():
        each[option] = str((ALL.parent / each[option]).resolve())


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a template's content."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*path, key))


PLACES = [*places(CONTENT)]


def altered(changes: list[tuple[tuple[str | int, ...], Any]], alone: bool) -> dict[str, Any]:
    """The content with other values; without the options that fix sizes if `alone`."""
    content = copy.deepcopy(CONTENT)
    if alone:
        for panel in content["panels"].values():
            for option in ("width", "height", "chart_width", "chart_height"):
                panel.pop(option, None)
    for path, value in changes:
        inside = content
        try:
            for key in path[:-1]:
                inside = inside[key]
            inside[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    return content


@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3), alone=st.booleans()
)
def test_odd_values(run: Run, changes: list[tuple[tuple[str | int, ...], Any]], alone: bool) -> None:
    def make() -> Any:
        builder = Builder(PANELS)
        template = builder.build("odd", altered(changes, alone), Places())
        if template is None:
            raise TemplateError("\n".join(what for _, what in builder.mistakes))
        return template

    drawn(make, run)


def test_every_key_is_mutated() -> None:
    assert {*KEYS} <= {str(path[0]) for path in PLACES}
