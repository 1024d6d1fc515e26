"""Memory after many files: no format keeps what an encode took."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SCRIPT = """
import sys
from pathlib import Path
from reelnet.export.encoders.formats import EncoderSettings
from tests.export.coding import encode
from tests.export.encoders.test_reproducible import moving_cells

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

path, codec, pictures = Path(sys.argv[1]), sys.argv[2], moving_cells(3)
for _ in range(3):
    encode(path, pictures, settings=EncoderSettings(codec=codec))
before = resident()
for _ in range(12):
    encode(path, pictures, settings=EncoderSettings(codec=codec))
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("suffix", "codec"), [(".avif", "av1"), (".mp4", "h264")])
def test_a_process_does_not_grow_with_every_file(tmp_path: Path, suffix: str, codec: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / f"a{suffix}"), codec],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    # Without the return of freed memory, AVIF grows by 50 to 100 MB; with it, by -10 to 20.
    assert float(done.stdout) < 30
