"""Templates from text, for tests."""

from __future__ import annotations

from reelnet.config.source import parse_yaml
from reelnet.reel import Reel, Run
from reelnet.render.panels import PANELS
from reelnet.template.inheritance import apply_settings, expand_shorthand
from reelnet.template.load import build_from_node
from reelnet.template.model import Template


def template_of(text: str, *settings: str) -> Template:
    """A template without a file of its own; errors call it mine.yaml."""
    return build_from_node(
        "mine", apply_settings(expand_shorthand(parse_yaml(text, "mine.yaml")), settings), PANELS
    )


def reel_of(run: Run, text: str, layer: str | None = None) -> Reel:
    """A run laid out by a template without a file."""
    return Reel.from_run(run, template_of(text), layer=layer)
