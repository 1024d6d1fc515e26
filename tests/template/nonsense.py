"""Invalid values, and mutations of the text of templates."""

from __future__ import annotations

import math
import random
import re

from hypothesis import strategies as st

from reelnet.render.registry import PANELS

ODD = [
    "x" * 3000,
    *re.split(
        r"\s{2,}",
        r"""0  -1  1  2  3.5  -0.0  1e300  -1e300  1e-300  999999999999  16384  512  256  255
    .nan  .inf  -.inf  null  ~  true  false  ''  ""  []  {}  [[]]  [null]  {a: 1}  int  str  none
    all  auto  log  row  column  '0-9999'  '5-2'  0-4000  {top: 0}  {top: 9999}  [0, 0]  [1, 2, 3]
    '#fff'  '#ffff'  #fff  1:1  0:1  9999:1  2x2  16384x16384  viridis  50%  conv1  conv2  out  conv1.weight
    '{step:99}'  '{layer!r}'  '{layer.__class__}'  '{'  '{{}}'  '{metrics.train_loss:.1%}'  '{out}'
    🙂  ظ  '\0'  "\u202e"  "\0"  /dev/zero  ../..  &a [*a]  *a  !!python/object:os.system x  !x y  <<: {a: 1}
    @  `  %  ? a  - - - -  [[[[[[[[  p-[ding""",
    ),
]
"""Values in YAML, most of them wrong in most places."""


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


MUTATORS = (
    other_value,
    other_value,
    other_value,
    other_key,
    other_item,
    one_more_key,
    other_lines,
    other_letters,
)


NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 3, 5, 6, 7, 8, 255, 256, 257, 4096, 16_384, 16_383, 2**31, 2**63, 10**17, -(10**17)]
) | st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-300, 1e300, -1e300, 1e30, math.nan, math.inf, -math.inf])
LONG = ["x" * 200, "word " * 300, "x" * 2000, "{step:,}" * 200, "a\nb\n\n\n", "\t", "\0", "\u202e", "a\u0301"]
SHORT = """🙂 ظظظ {layer} {step} {metrics.lr:.99f} {x} { }} {0} {layer:>99} {step:_} all log top auto row end stretch
0-5 0-4095 99% #fff #123456 viridis conv1 conv2 out conv1.weight train_loss lr 1:9999 /dev/null . x.gif start center
between column bars linear change title caption"""
TEXTS = st.sampled_from(["", " ", *LONG, *SHORT.split()]) | st.text(max_size=8)
"""Texts, of which some are words of the language, and some names in the run."""
SIZES = st.integers(0, 64) | st.sampled_from(
    [96, 100, 127, 255, 256, 512, 1000, 2000, 5000, 16_384, 0.01, 0.5, 100.0]
)
VALUES = st.recursive(
    NUMBERS | TEXTS | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["top", "percentile", "items", "from", "to", "id", "every", "text"]), inner
        )
    ),
    max_leaves=6,
)
