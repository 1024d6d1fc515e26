"""Scripts and style sheets lose their comments and spaces, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reelnet.export.html.assets import read_script, read_style
from reelnet.export.html.shorten import shorten_script, shorten_style


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("const a = 1; // one\n/* two */ let b = a / 2 / 3;", "const a=1;let b=a/2/3;"),
        ("const url = \"http://x/*y*/\"; const t = '// no';", "const url=\"http://x/*y*/\";const t='// no';"),
        ("const p = `a  ${b ? `// ${c}` : '}'}  /* d */`;", "const p=`a  ${b ? `// ${c}` : '}'}  /* d */`;"),
        ("x = y.replace(/[/*\"]+\\/ /g, '');", "x=y.replace(/[/*\"]+\\/ /g,'');"),
        ("a = b + +c - -d;\nreturn\nvalue", "a=b+ +c- -d;return\nvalue"),
        (
            "class A {\n  #x = 1;\n  get y() { return this.#x; }\n}\n",
            "class A{#x=1;get y(){return this.#x;}}",
        ),
        ("for (const [a, b] of c) a ??= b?.d ?? e;", "for(const[a,b]of c)a??=b?.d??e;"),
        ("const f = async (x) => {\n  await x\n};", "const f=async(x)=>{await x};"),
    ],
)
def test_scripts(source: str, expected: str) -> None:
    assert shorten_script(source) == expected


def test_style_sheets() -> None:
    source = """
    /* a */
    .a > .b :hover,
    .c { margin: 0 calc(1px + 2px); --x: 1; }
    @media (width < 9px) { a { b: c; } }
    """
    expected = ".a > .b :hover,.c{margin:0 calc(1px + 2px);--x:1}@media (width < 9px){a{b:c}}"
    assert shorten_style(source) == expected


def test_what_the_page_contains_is_small() -> None:
    assert len(read_script()) + len(read_style()) < 40_000
    assert "/*" not in read_style()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_joined_script_can_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "script.mjs").write_text(read_script(), "utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.mjs")], check=True)
