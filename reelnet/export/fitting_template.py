"""Loading a template for a run, with all that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from reelnet.config.diagnostics import InvalidTemplate, raise_diagnostics
from reelnet.errors import RunError, UsageError
from reelnet.export.outputs import check_outputs_with_run
from reelnet.render.registry import panel_registry
from reelnet.runs.run import RunReader
from reelnet.scene.resolve import add_new, check_draft, check_rest
from reelnet.template.load import load_draft
from reelnet.template.model import Template
from reelnet.template.settings import Setting
from reelnet.template.source import TemplateSource


def load_template_for(
    run: RunReader,
    source: TemplateSource,
    settings: Sequence[Setting] = (),
    layer: str | None = None,
) -> Template:
    """Load a template to show a run.

    If it is invalid, the error also has what in its valid parts does not fit the run.

    Args:
        run: The recording to show.
        source: The name or the file of the template, its text, or its content as a mapping.
        settings: Keys of the template to change.
        layer: The recorded layer to show; None for the template's.

    Raises:
        UsageError: A setting does not fit the template, or the mapping has values that no file can have.
        TemplateError: The template is unknown or invalid.
    """
    draft = load_draft(source, panel_registry(), settings)
    found = list(draft.diagnostics)
    if found:
        # Errors of the run and of the command line come up once the template is mended.
        with suppress(UsageError, RunError):
            found = add_new(found, check_draft(draft.template, run, layer))
            found = add_new(found, check_rest(draft.template, run, found, layer))
        try:
            check_outputs_with_run(draft.template, run)
        except InvalidTemplate as error:
            found += error.diagnostics
    raise_diagnostics(found)
    return draft.require_valid()
