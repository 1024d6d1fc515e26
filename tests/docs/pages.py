"""The pages of the documentation, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    Attributes:
        language: Of the fence, such as yaml.
        mark: What follows it, such as wrong.
        text: With its last line break.
        line: Where the fence opens.
    """

    language: str
    mark: str
    text: str
    line: int

    @property
    def file(self) -> str:
        """The file that its first line names in a comment; empty if it names none."""
        found = re.match(r"# ([\w/.-]+\.\w+)\n", self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return self.file or f"{self.language}-{self.line}"


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text("utf-8")


def snippets(name: str, *languages: str) -> list[Snippet]:
    """The fenced blocks of a page in some languages, in their order."""
    text = page(name)
    found = re.finditer(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [Snippet(each[1], each[2], each[3], text.count("\n", 0, each.start()) + 1) for each in found]
    return [block for block in blocks if block.language in languages]


def anchors(name: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    without_code = re.sub(r"^```.*?^```$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(name: str) -> list[str]:
    """Where the links of a page lead within the documentation."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", page(name)) if "://" not in link]


def broken(name: str) -> list[str]:
    """The links of a page that lead nowhere."""
    wrong = []
    for link in links(name):
        file, _, anchor = link.partition("#")
        target = file or name
        if not (DOCS / target).is_file() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong
