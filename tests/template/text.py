"""Templates from text, for tests."""

from __future__ import annotations

from reelnet.config.source import read_text
from reelnet.reel import Reel, Run
from reelnet.render.panels import PANELS
from reelnet.template.inheritance import with_settings
from reelnet.template.load import built
from reelnet.template.model import Template
from reelnet.template.shorthand import spelled_out


def template_of(text: str, *settings: str) -> Template:
    """A template without a file of its own; errors call it mine.yaml."""
    return built("mine", with_settings(spelled_out(read_text(text, "mine.yaml")), settings), PANELS)


def reel_of(run: Run, text: str, layer: str | None = None) -> Reel:
    """A run laid out by a template without a file."""
    return Reel.from_run(run, template_of(text), layer=layer)
