"""The script and the style of figures."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from reelnet.export.html.assets import read_script, read_start, read_style
from reelnet.export.html.fonts import embed_fonts
from reelnet.export.html.level_coding import compress_blocks

MAX_BYTES = 20_000


def test_script_and_style_are_small() -> None:
    packed = [base64.b64encode(compress_blocks([text.encode()])) for text in (read_script(), read_style())]
    assert sum(map(len, packed)) + len(read_start()) <= MAX_BYTES


def test_comments_stay_in_the_package() -> None:
    for source in (read_script(), read_start(), read_style()):
        assert "/*" not in source
        assert not re.search(r"^\s*//", source, re.MULTILINE)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("source", [read_script(), read_start()])
def test_scripts_can_be_parsed(tmp_path: Path, source: str) -> None:
    (tmp_path / "script.mjs").write_text(source, "utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.mjs")], check=True)


def test_fonts_have_the_characters_of_the_page() -> None:
    sheet = embed_fonts("ÄΩ")
    assert sheet == embed_fonts("ÄΩ")
    files = [base64.b64decode(data) for data in re.findall(r"base64,([^)]+)\)", sheet)]
    assert len(files) == 2
    for file in files:
        known = TTFont(BytesIO(file)).getBestCmap()
        assert {ord(each) for each in "ÄΩ0123456789≥−"} <= set(known)
        assert ord("Ж") not in known
