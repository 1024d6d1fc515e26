"""The page with all pictures: a row per shape, a column per template, and one overview picture per template."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw

from looks.render import Look
from looks.shapes import SHAPES
from reelnet.render.typography import TextStyle, rasterize_text

TILE, GAP, HEAD = 560, 24, 28
"""Largest side of a picture in an overview, the gap between two, and the height of its caption, in pixels."""

COLUMNS = 3

STYLE = """
:root { color-scheme: light; font: 14px/1.4 system-ui, sans-serif; color: #1f2328; background: #eef0f3 }
body { margin: 0 }
header { padding: 20px 24px 12px }
h1 { margin: 0; font-size: 24px }
p { margin: 4px 0 0; max-width: 80ch; color: #5e656e }
table { border-spacing: 12px; margin: 0 12px }
th { position: sticky; background: #eef0f3; text-align: left; z-index: 1 }
thead th { top: 0; padding: 8px 4px; font-size: 16px; z-index: 2 }
tbody th { left: 0; padding: 4px 12px 4px; vertical-align: top; min-width: 120px; max-width: 160px }
th small { display: block; font-weight: 400; color: #5e656e }
td { vertical-align: top; background: #fff; padding: 8px; width: 300px; border-top: 4px solid #006b62 }
td.broken { border-color: #be3c08 }
td.refused { border-color: #969696; color: #5e656e }
td > a img { width: 300px; height: 240px; object-fit: contain; background: #e2e5ea; display: block }
nav { display: flex; gap: 4px; margin-top: 4px }
nav img { width: 98px; height: 72px; object-fit: contain; background: #e2e5ea; display: block }
td small { display: block; margin-top: 6px; color: #5e656e }
ul { margin: 6px 0 0; padding-left: 16px; color: #a83208; font-size: 12px; max-width: 284px; overflow-wrap: anywhere }
"""


def write_page(looks: Sequence[Look], folder: Path) -> Path:
    """Write `index.html` with all looks, and return its path."""
    templates = sorted({look.template for look in looks})
    found = {(look.template, look.shape): look for look in looks}
    broken, refused = sum(bool(look.broken) for look in looks), sum(bool(look.refusal) for look in looks)
    head = "".join(f'<th><a href="{name}.png">{name}</a></th>' for name in templates)
    rows = "".join(
        f"<tr><th>{shape}<small>{escape(_describe(shape))}</small></th>"
        + "".join(_format_cell(found.get((template, shape))) for template in templates)
        + "</tr>"
        for shape in SHAPES
    )
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Looks</title><style>{STYLE}</style>'
        f"<header><h1>Every template on runs of every shape</h1><p>{len(looks)} looks: {broken} break a rule, "
        f"{refused} are refused. Each shows the middle step, with the first and the last below; click for full "
        f"size.</p></header><table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></html>"
    )
    file = folder / "index.html"
    file.write_text(page, "utf-8")
    return file


def _describe(shape: str) -> str:
    return (SHAPES[shape].__doc__ or "").strip()


def _format_cell(look: Look | None) -> str:
    if look is None:
        return "<td class=refused>not rendered</td>"
    if look.refusal:
        return f"<td class=refused>refused<ul><li>{escape(look.refusal)}</li></ul></td>"
    figures = look.figures
    images = [f'<a href="{file}"><img loading="lazy" src="{file}"></a>' for file in look.files]
    middle = images[len(images) // 2]
    others = f"<nav>{''.join(images)}</nav>" if len(images) > 1 else ""
    small = (
        f"{figures['width']:.0f} × {figures['height']:.0f} · maps {figures['maps']:.0%} · empty "
        f"{figures['empty_rows']:.0%} of rows, {figures['empty_columns']:.0%} of columns, "
        f"{figures['empty_area']:.0%} in one piece · {look.seconds:.1f} s"
    )
    items = "".join(f"<li>{escape(f'{rule}: {text}')}</li>" for rule, text in look.broken.items())
    items += "".join(f"<li>note: {escape(note)}</li>" for note in figures["notes"])
    mark = " class=broken" if look.broken else ""
    return f"<td{mark}>{middle}{others}<small>{small}</small>{f'<ul>{items}</ul>' if items else ''}</td>"


def write_overview(template: str, folder: Path) -> Path:
    """Write one picture with the middle step of each shape, and return its path."""
    looks = Look.load_all(folder, [template], SHAPES)
    tiles = [_draw_tile(look, folder) for look in looks]
    rows = [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]
    heights = [max(tile.height for tile in row) for row in rows]
    size = COLUMNS * (TILE + GAP) + GAP, sum(heights) + (len(rows) + 1) * GAP
    sheet = Image.new("RGB", size, "#e2e5ea")
    y = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (GAP + column * (TILE + GAP), y))
        y += height + GAP
    file = folder / f"{template}.png"
    sheet.save(file)
    return file


def _draw_tile(look: Look, folder: Path) -> Image.Image:
    """A look's middle step, as small as it has to be, under its name."""
    style = TextStyle(16, bold=True)
    if look.refusal:
        tile = Image.new("RGB", (TILE, HEAD + 80), "#e2e5ea")
        words, lines = f"refused: {look.refusal}", []
        while words:
            lines.append(words[:70])
            words = words[70:]
        ImageDraw.Draw(tile).text((0, HEAD), "\n".join(lines[:5]), "#5e656e")
    else:
        with Image.open(folder / look.files[len(look.files) // 2]) as image:
            picture = image.convert("RGB")
        picture.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
        tile = Image.new("RGB", (TILE, HEAD + picture.height), "#e2e5ea")
        tile.paste(picture, (0, HEAD))
    title = f"{look.shape}{'' if not look.broken else '  – ' + ', '.join(look.broken)}"
    mask = Image.fromarray(rasterize_text(title, style))
    tile.paste("#be3c08" if look.broken else "#1f2328", (0, 0), mask)
    return tile
