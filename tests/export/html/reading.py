"""Reads figures without the code that writes them: HTML by the standard parser, deflate by zlib."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from tests.make_run import Bytes


class Page(HTMLParser):
    """The elements of a page.

    Attributes:
        elements: The tag and the attributes of each element, in order.
        texts: The content of each `<script>`, `<style>` and `<title>`, by tag and id.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style", "title"):
            attributes = self.elements[-1][1]
            self.texts.setdefault(attributes.get("id") or self._open, []).append(data)

    def text(self, name: str) -> str:
        """The content of an element by its id, or by its tag."""
        return "".join(self.texts[name])

    def meta(self, name: str) -> str:
        """The content of a `<meta>`."""
        found = [
            each["content"]
            for tag, each in self.elements
            if tag == "meta" and name in (each.get("name"), each.get("property"), each.get("http-equiv"))
        ]
        assert len(found) == 1
        return str(found[0])


@dataclass(frozen=True)
class ReadFigure:
    """A figure that was read from a file.

    Attributes:
        page: The page.
        scene: The JSON.
        data: The inflated data of each layer.
    """

    page: Page
    scene: dict[str, Any]
    data: list[bytes] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> ReadFigure:
        """Read a file."""
        return cls.parse(path.read_text("utf-8"))

    @classmethod
    def parse(cls, source: str) -> ReadFigure:
        """Read the source of a page."""
        page = Page(source)
        scene = json.loads(inflate(page.text("figure-data")))
        return cls(page, scene, [inflate(page.text(layer["data"])) for layer in scene["layers"]])

    def levels(self, layer: int = 0, block: int = 0) -> Bytes:
        """The levels of a block, (steps, samples, channels, height, width)."""
        maps = self.scene["layers"][layer]["maps"][block]
        steps = 1 if maps["still"] else len(self.scene["steps"])
        shape = len(maps["channels"]), *maps["map"], len(maps["samples"]), steps
        size, start = int(np.prod(shape)), maps["offset"]
        differences = np.frombuffer(self.data[layer], np.uint8)[start : start + size].reshape(shape)
        return np.cumsum(differences, axis=-1, dtype=np.uint8).transpose(4, 3, 0, 1, 2)

    def texts(self, step: int, layer: int = 0) -> list[str]:
        """The texts of a step, given by its number in the figure, from 0."""
        return [item[1] for item in self.items(step, layer) if item[0] == "t"]

    def items(self, step: int, layer: int = 0) -> list[list[Any]]:
        """The items of a step."""
        found: list[list[Any]] = []
        for panel in self.scene["layers"][layer]["panels"]:
            found += panel["still"]
            found += panel["variants"][panel["at"][step]] if panel["variants"] else []
        return found


def inflate(text: str) -> bytes:
    """The content of raw deflate in base64."""
    inflater = zlib.decompressobj(-15)
    content = inflater.decompress(base64.b64decode(text, validate=True))
    assert inflater.eof
    assert not inflater.unused_data
    return content


def check_policy(page: Page) -> None:
    """Check that the policy of a page forbids the network, and allows its own script and style."""
    policy = dict(part.split(" ", 1) for part in page.meta("Content-Security-Policy").split("; "))
    assert policy["default-src"] == "'none'"
    for name, sources in {
        "script-src": [page.text("script").encode(), inflate(page.text("figure-script"))],
        "style-src": [page.text("style").encode(), inflate(page.text("figure-style"))],
    }.items():
        digests = [base64.b64encode(hashlib.sha256(source).digest()).decode() for source in sources]
        assert policy[name] == " ".join(f"'sha256-{digest}'" for digest in digests)
    scripts = [each for tag, each in page.elements if tag == "script"]
    assert [each for each in scripts if each.get("type") != "application/octet-stream;base64"] == [
        {"type": "module"}
    ]
    for _, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "srcset", "action")
            if name in ("src", "href"):
                assert re.match(r"data:image/png;base64,[\w+/=]+$", str(value))
