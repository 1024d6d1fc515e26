"""Templates from text, for tests."""

from __future__ import annotations

from collections.abc import Mapping

from reelnet.config.source import parse_yaml
from reelnet.panels import Panel
from reelnet.reel import Reel, Run
from reelnet.render.registry import PANELS
from reelnet.template.inheritance import expand_shorthand
from reelnet.template.load import draft_from_node
from reelnet.template.model import Template
from reelnet.template.settings import apply_settings, parse_options


def template_of(text: str, *settings: str, panels: Mapping[str, type[Panel]] | None = None) -> Template:
    """A template without a file of its own; errors call it mine.yaml. It knows `panels` besides reelnet's own."""
    node = apply_settings(expand_shorthand(parse_yaml(text, "mine.yaml")), parse_options(settings))
    return draft_from_node("mine", node, {**PANELS, **(panels or {})}).require_valid()


def reel_of(
    run: Run, text: str, layer: str | None = None, panels: Mapping[str, type[Panel]] | None = None
) -> Reel:
    """A run laid out by a template without a file."""
    return Reel.from_run(run, template_of(text, panels=panels), layer=layer, density=1)
