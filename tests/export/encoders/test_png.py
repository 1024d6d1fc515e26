"""PNG sequences, decoded by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import CapExceeded
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.encoders.png import atomic_sequence, list_files, sequence_file
from tests.export.coding import cell_pictures, colors, encode


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_one_file_per_frame_duration(tmp_path: Path) -> None:
    pictures = cell_pictures(3)
    assert encode(tmp_path / "f-%03d.png", pictures, repeats=[1, 2, 1]) == 4
    assert names(tmp_path) == [f"f-00{number}.png" for number in range(4)]
    for number, picture in enumerate([pictures[0], pictures[1], pictures[1], pictures[2]]):
        with Image.open(tmp_path / f"f-00{number}.png") as image:
            assert image.mode == "P"
            assert (np.asarray(image.convert("RGB")) == colors(picture)).all()
    assert sum(file.stat().st_size for file in list_files(tmp_path / "f-%03d.png")) == sum(
        file.stat().st_size for file in tmp_path.iterdir()
    )


@pytest.mark.parametrize(
    ("name", "file"), [("%d.png", "12.png"), ("a%05d.png", "a00012.png"), ("%3db.png", "012b.png")]
)
def test_names(name: str, file: str) -> None:
    assert sequence_file(Path("x") / name, 12) == Path("x") / file


def test_the_rest_of_a_longer_sequence_is_removed(tmp_path: Path) -> None:
    for count in (5, 2):
        with atomic_sequence(tmp_path / "f%d.png") as temporary:
            encode(temporary, cell_pictures(count))
    assert names(tmp_path) == ["f0.png", "f1.png"]


def test_a_failure_leaves_the_old_files(tmp_path: Path) -> None:
    (tmp_path / "f0.png").write_bytes(b"old")
    with pytest.raises(CapExceeded), atomic_sequence(tmp_path / "f%d.png") as temporary:
        encode(temporary, cell_pictures(3), settings=EncoderSettings(cap=900))
    assert names(tmp_path) == ["f0.png"]
    assert (tmp_path / "f0.png").read_bytes() == b"old"


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReelnetError, match="cannot be written"), atomic_sequence(tmp_path / "file/f%d.png"):
        pass
