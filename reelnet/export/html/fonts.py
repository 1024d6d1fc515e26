"""The fonts of a figure: Open Sans with the characters that the page needs, within its style sheet."""

from __future__ import annotations

from reelnet._support.font_subset import cut_font
from reelnet.render.text_runs import own_font

CONTROLS = "".join(map(chr, range(0x20, 0x7F))) + "“”×−≥≤"
"""The characters of what the script writes: controls, names, numbers."""

WEIGHTS = {400: False, 600: True}
"""The weights of CSS that texts have, and whether they are those of the bold font."""


def embed_fonts(text: str) -> str:
    """The style sheet that brings Open Sans, with the characters of a text and of the controls.

    A text in another font, or with characters that Open Sans lacks, is drawn in a font of the reader's system, at the
    width that it has in the picture.
    """
    characters = "".join(sorted({*CONTROLS, *text}))
    return "".join(
        '@font-face{font-family:"Open Sans";'
        f"font-weight:{weight};src:url(data:font/woff;base64,{cut_font(own_font(bold=is_bold), characters).woff})}}"
        for weight, is_bold in WEIGHTS.items()
    )
