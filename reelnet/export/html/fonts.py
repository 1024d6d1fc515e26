"""The fonts of a figure: Open Sans with the characters that the page needs, within its style sheet."""

from __future__ import annotations

import base64
from functools import lru_cache
from io import BytesIO

from reelnet._support.font_file import FontFile
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
        f"font-weight:{weight};src:url(data:font/woff;base64,{_encode(own_font(bold=is_bold), characters)})}}"
        for weight, is_bold in WEIGHTS.items()
    )


@lru_cache(maxsize=8)
def _encode(font: FontFile, characters: str) -> str:
    """A font with some characters as WOFF in base64."""
    # Heavy to import, and only figures need it.
    from fontTools import subset

    options = subset.Options(flavor="woff", hinting=False, layout_features=["kern", "tnum"], name_IDs=[])
    options.drop_tables += ["meta"]
    # Names of the run must not decide the time of the file.
    loaded = subset.load_font(font.file, options)
    loaded.recalcTimestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(loaded)
    file = BytesIO()
    loaded.flavor = "woff"
    loaded.save(file)
    return base64.b64encode(file.getvalue()).decode()
