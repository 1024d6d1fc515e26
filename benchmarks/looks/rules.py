"""The rules that every picture keeps, and which of them a template is exempt from."""

from __future__ import annotations

from dataclasses import dataclass

from looks.measure import Figures

ARTICLE_SIDE = 840
"""`article` is at most about 800 layout pixels wide and high."""

MAX_SIDE = 4096
"""Nothing is wider or higher than this many output pixels without being asked."""

MIN_MAPS, MAX_EMPTY = 0.40, 1 / 3

MIN_TEXT = 11
"""The smallest font size, in pixels as the picture is shown."""

PHONE_WIDTH = 375
"""CSS pixels of a phone's width, at which `square` and `vertical` are shown."""


@dataclass(frozen=True)
class Rules:
    """What a template is held to, beyond what holds for all.

    Attributes:
        is_about_maps: Whether maps take at least 40 % of the frame.
        max_side: Largest width and height in layout pixels.
        aspect: The smallest and largest width divided by height; None for any.
        has_words_on_cells: Whether words may stand on cells.
        size: The exact size in layout pixels, where it is fixed.
        is_for_phones: Whether the picture is shown as wide as a phone.
    """

    is_about_maps: bool = True
    max_side: float = MAX_SIDE
    aspect: tuple[float, float] | None = None
    has_words_on_cells: bool = False
    size: tuple[int, int] | None = None
    is_for_phones: bool = False

    def find_broken(self, figures: Figures) -> dict[str, str]:
        """The rules that figures break, by name, each with what is wrong."""
        texts = [
            fault for fault in figures.faults if not (self.has_words_on_cells and " is on a cell" in fault)
        ]
        more = f" (and {len(texts) - 3} more)" if len(texts) > 3 else ""
        found = {
            "size": self._describe_size(figures.width, figures.height, figures.density),
            "maps": f"maps have {figures.maps:.0%} of the frame"
            if self.is_about_maps and figures.maps < MIN_MAPS
            else "",
            "empty": self._describe_gaps(figures),
            "small type": self._describe_type(figures),
            "grid": f"{figures.off_grid} cells are off the grid" if figures.off_grid else "",
            "texts": "; ".join(texts[:3]) + more,
        }
        return {rule: fault for rule, fault in found.items() if fault}

    def _describe_size(self, width: float, height: float, density: int) -> str:
        size = f"{width:.0f}×{height:.0f}"
        if self.size is not None:
            return f"{size} instead of {self.size[0]}×{self.size[1]}" * ((width, height) != self.size)
        if max(width, height) > self.max_side or max(width, height) * density > MAX_SIDE:
            return f"{size} is too large"
        if self.aspect is not None and not self.aspect[0] <= width / height <= self.aspect[1]:
            return f"{size} has an aspect of {width / height:.2f}"
        return ""

    def _describe_gaps(self, figures: Figures) -> str:
        shares = {
            "rows": figures.empty_rows,
            "columns": figures.empty_columns,
            "frame": figures.empty_area,
        }
        gaps = [f"{share:.0%} of the {what}" for what, share in shares.items() if share > MAX_EMPTY]
        return f"{', '.join(gaps)} are empty in one piece" if gaps else ""

    def _describe_type(self, figures: Figures) -> str:
        shown = figures.smallest_text * (min(1, PHONE_WIDTH / figures.width) if self.is_for_phones else 1)
        return f"text of {shown:.1f} px" if 0 < shown < MIN_TEXT else ""


ARTICLE = Rules(aspect=(1 / 1.3, 2.0), max_side=ARTICLE_SIDE)

RULES = {
    "article": ARTICLE,
    "dark": ARTICLE,
    "paper": ARTICLE,
    "table": Rules(max_side=ARTICLE_SIDE),
    # 10 px above 760, because frames have even sides and cells begin on the grid.
    "annotated": Rules(max_side=1080, aspect=(1.2, 2.0)),
    "plain": Rules(has_words_on_cells=True),
    "square": Rules(size=(1080, 1080), is_for_phones=True),
    "vertical": Rules(size=(1080, 1920), is_for_phones=True),
    "wide": Rules(size=(1920, 1080)),
    "compass": Rules(is_about_maps=False, has_words_on_cells=True, is_for_phones=True),
    "race": Rules(is_about_maps=False, is_for_phones=True),
    "flow": Rules(is_about_maps=False),
    "barcode": Rules(is_about_maps=False),
}
"""The rules of templates that are held to more, or less, than others."""


def find_rules(template: str) -> Rules:
    """The rules of a template."""
    return RULES.get(template, Rules())
