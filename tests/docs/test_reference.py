"""The generated pages: up to date, complete and readable."""

from __future__ import annotations

import re
import subprocess
import sys

from pydantic import BaseModel

from reelnet.render.registry import PANELS
from reelnet.template.model import CanvasSpec, OutputSpec, SamplesSpec, StackSpec
from reelnet.template.theme import ThemeSpec
from reelnet.template.timeline import TimelineSpec
from tests.docs.pages import DOCS, broken, page


def test_generated_files_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, DOCS / "generate.py", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def tables(text: str) -> list[list[list[str]]]:
    """The cells of every table, its head among them, without the line of dashes."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    rows = [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]
    return [[[cell.strip() for cell in row] for row in each[:1] + each[2:]] for each in rows]


def test_tables_are_whole_and_no_column_is_nearly_empty() -> None:
    for head, *rows in tables(page("templates.md")):
        assert rows, head
        assert {len(row) for row in rows} == {len(head)}, head
        for column in range(len(head)):
            assert sum(bool(row[column]) for row in rows) == len(rows), (head, column)


def aliases(model: type[BaseModel]) -> set[str]:
    return {info.alias or name for name, info in model.model_fields.items()}


def described_keys() -> list[list[str]]:
    """Key, values and meaning of every key in the reference."""
    return [
        row
        for table in tables(page("templates.md"))
        if table[0][:2] == ["key", "values"]
        for row in table[1:]
    ]


def test_every_key_has_its_line() -> None:
    described = {row[0].strip("`") for row in described_keys()}
    models: list[type[BaseModel]] = [CanvasSpec, ThemeSpec, SamplesSpec, TimelineSpec, OutputSpec, StackSpec]
    for model in [*models, *PANELS.values()]:
        assert aliases(model) <= described


def test_every_key_says_what_it_is_for() -> None:
    for key, values, meaning in described_keys():
        assert values, key
        assert meaning.endswith((".", "…")), key


def test_values_are_good_english() -> None:
    for _, words, _ in described_keys():
        assert "list of a " not in words
        assert "or or" not in words
        assert "null" not in words


def test_links_of_the_reference_lead_somewhere() -> None:
    assert broken("templates.md") == []
