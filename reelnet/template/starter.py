"""Beginning a template of one's own."""

from __future__ import annotations

from pathlib import Path

from reelnet.errors import UsageError
from reelnet.template.search_path import builtin_folder, find_template

MODELINE = "# yaml-language-server: $schema="
"""By this comment editors know how to complete and check a YAML file."""

SCHEMA_FILE = "schema.json"
"""Beside the built-in templates."""

_SHORT_TEMPLATE = """\
{modeline}
# What is not said here is as in {origin}; 'reelnet templates show {origin}' tells what that is.
extends: {origin}

# panels:
#   title: {{text: "Watch {{layer}} learn"}}
#   channels: {{show: 0-5}}
# theme: dark
# timeline: {{fps: 20, end_pause: 2}}
"""


def create_template_file(name: str, origin: str, *, extend: bool, force: bool) -> Path:
    """Write a new template; gives its file.

    Args:
        name: A name, for `templates/NAME.yaml`, or a file that ends in .yaml.
        origin: The template to begin with.
        extend: Whether to write a short file that extends the origin, instead of a copy of it.
        force: Whether a file that is there may be replaced.

    Raises:
        UsageError: The file is there already.
        TemplateError: There is no such origin.
    """
    source = find_template(origin)
    file = Path(name) if Path(name).suffix in (".yaml", ".yml") else Path("templates") / f"{name}.yaml"
    if file.exists() and not force:
        raise UsageError(f"{file}: is there already; give another name, or --force to replace it")
    modeline = f"{MODELINE}{(builtin_folder() / SCHEMA_FILE).resolve()}"
    if extend:
        text = _SHORT_TEMPLATE.format(modeline=modeline, origin=origin)
    else:
        lines = source.read_text("utf-8").splitlines()
        body = lines[1:] if lines and lines[0].startswith(MODELINE) else lines
        text = "\n".join([modeline, *body]) + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file
