"""Malformed headers, damaged archives and arrays that unpack to too much: errors in one line, and little memory."""

from __future__ import annotations

import io
import os
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import ReelnetError
from reelnet.interop import import_arrays as import_arrays_module
from reelnet.interop import npy_files
from reelnet.interop.import_arrays import import_arrays
from tests.interop.arrays import small

SCALE = int(os.environ.get("REELNET_FUZZ_SCALE", "1"))


def to_npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def with_header(header: bytes, values: bytes, version: int = 1, length: int | None = None) -> bytes:
    size = (len(header) if length is None else length).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + values


def write_archive(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


MEMBERS = {name: to_npy(array) for name, array in small().items()}

ODD_HEADERS = [
    *(b"(" * count + b"1" for count in (50, 150, 900, 9000)),
    *(b"-" * count + b"1" for count in (100, 5000)),
    *(b"[" * count + b"]" * count for count in (90, 4000)),
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"9" * 5000 + b",)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0, 1" + b"0" * 300 + b", 1, 1)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2, 4, 6, 7)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (1e3,)}",
    b"{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
    b"{'descr': '<f4', 'shape': (3,)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '|V0', 'fortran_order': False, 'shape': (1" + b"0" * 18 + b",)}",
    b"{'descr': '<U0', 'fortran_order': False, 'shape': (2,)}",
    b"{'descr': ('<f4', (3,)), 'fortran_order': False, 'shape': (3, 2)}",
    b"{'descr': [('a', '<f4'), ('b', '<i8')], 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': [('a', '<f4'), ('a', '<i8')], 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': ['<f4'], 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': {}, 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': None, 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '<M8[1000000000000000000000s]', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '<U99999999999999999999', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1, " * 70 + b")}",
    b"{'descr': '<f4', 'fortran_order': True, 'shape': (3,)}" + b"\0" * 20,
    b"__import__('os').abort()",
    b"\xff\xfe{}",
    b"",
]


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Damage an `.npy` file, mostly in its header."""
    data = bytearray(content)
    header_end = 10 + int.from_bytes(data[8:10], "little")
    values = bytes(data[header_end:])
    choice = chance.randrange(8)
    if choice == 0:
        return with_header(chance.choice(ODD_HEADERS), values, chance.choice([1, 2, 3]))
    if choice == 1:
        length = chance.choice([0, 1, 10, 60000, 65535, 2**31, 2**32 - 1])
        return with_header(bytes(data[10:header_end]), values, 1 if length < 65536 else 2, length)
    if choice == 2:
        return bytes(data[: chance.randrange(len(data))])
    if choice == 3:
        data[6:8] = bytes([chance.randrange(256), chance.randrange(256)])
    elif choice == 4:
        at = chance.randrange(10, header_end)
        data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
    elif choice == 5:
        text = bytes(data[10:header_end])
        numbers = (b"0", b"1", b"-1", b"3", b"10000000000", b"1e9", b"None", b"''")
        words = (
            b"<f4",
            b"<f8",
            b"<i8",
            b">u2",
            b"|b1",
            b"|S3",
            b"<U2",
            b"<c8",
            b"<f2",
            b"|V4",
            b"<m8",
            b"|i1",
        )
        old, new = chance.choice([(b"(3,", b"(%b," % chance.choice(numbers)), (b"<f4", chance.choice(words))])
        return with_header(text.replace(old, new).replace(b"<f8", chance.choice(words)), values)
    else:
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(header_end if choice == 6 else len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def expect_run_or_error(source: Path, run: Path) -> bool:
    """Whether the arrays make a run; if not, there must be one clear line and no folder."""
    try:
        import_arrays(source, run, force=True)
    except ReelnetError as error:
        message = str(error)
    else:
        return True
    assert "\n" not in message
    assert len(message) < 1000
    return False


def test_malformed_headers(tmp_path: Path) -> None:
    chance = random.Random(7)
    made = 0
    for number in range(500 * SCALE):
        name = chance.choice(list(MEMBERS))
        write_archive(tmp_path / "a.npz", MEMBERS | {name: mutate(MEMBERS[name], chance)}, zipfile.ZIP_STORED)
        whole = expect_run_or_error(tmp_path / "a.npz", tmp_path / f"run{number}")
        made += whole
        assert whole or not (tmp_path / f"run{number}").exists()
    assert made < 250 * SCALE


@pytest.mark.parametrize("header", ODD_HEADERS, ids=range(len(ODD_HEADERS)))
@pytest.mark.parametrize("version", [1, 2, 3])
def test_odd_headers(header: bytes, version: int, tmp_path: Path) -> None:
    folder = tmp_path / "arrays"
    for name, content in MEMBERS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.npy").write_bytes(content)
    for name in ("steps", "labels", "inputs", "taps/conv1"):
        (folder / f"{name}.npy").write_bytes(with_header(header, bytes(12), version))
        with pytest.raises(ReelnetError, match=name) as caught:
            import_arrays(folder, tmp_path / "run")
        assert "\n" not in str(caught.value)
        (folder / f"{name}.npy").write_bytes(MEMBERS[name])
    assert not (tmp_path / "run").exists()


def test_damaged_archives(tmp_path: Path) -> None:
    chance = random.Random(8)
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        write_archive(tmp_path / "whole.npz", MEMBERS, kind)
        whole = (tmp_path / "whole.npz").read_bytes()
        # The directory is at the end.
        for number in range(100 * SCALE):
            data = bytearray(whole)
            for _ in range(chance.choice([1, 2, 8])):
                first = len(data) - 900 if number % 2 else 0
                data[chance.randrange(first, len(data))] ^= 1 << chance.randrange(8)
            (tmp_path / "a.npz").write_bytes(data)
            run = tmp_path / f"{kind}-{number}"
            assert expect_run_or_error(tmp_path / "a.npz", run) == run.exists()


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    # 4 GB by its length, and 64 MB of zeros, which are 64 kB in the file.
    bomb = with_header(bytes(1 << 26), b"", 2, 2**32 - 1)
    write_archive(tmp_path / "a.npz", MEMBERS | {"taps/conv1": bomb})
    assert (tmp_path / "a.npz").stat().st_size < 200_000

    def read() -> None:
        with pytest.raises(
            ReelnetError, match=r"taps/conv1: not a numpy array \(a header of 4294967295 bytes\)"
        ):
            import_arrays(tmp_path / "a.npz", tmp_path / "run")

    assert peak_of(read) < 8_000_000


def test_what_unpacks_to_much_is_read_in_pieces(tmp_path: Path) -> None:
    arrays = small(**{name: None for name in small() if name not in ("samples", "inputs")})
    arrays |= {"steps": np.arange(64), "taps/a": np.zeros((64, 2, 1, 256, 512), np.float32)}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    assert (tmp_path / "a.npz").stat().st_size < 200_000
    peak = peak_of(lambda: import_arrays(tmp_path / "a.npz", tmp_path / "run"))
    assert peak < 16_000_000 < arrays["taps/a"].nbytes


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (300, r"a.npz: samples: 672 B unpacked, and at most 300 B are read at once"),
        (1000, r"a.npz: the values of one step are 2.08 kB, and at most 1 kB are read at once"),
    ],
)
def test_what_unpacks_to_too_much_is_refused(
    limit: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "a.npz", **small())
    monkeypatch.setattr(npy_files, "MAX_ARRAY_BYTES", limit)
    monkeypatch.setattr(import_arrays_module, "MAX_ARRAY_BYTES", max(limit, 1000) if limit > 300 else 10**9)
    with pytest.raises(ReelnetError, match=message):
        import_arrays(tmp_path / "a.npz", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_array_that_is_there_twice(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.npz", MEMBERS)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(tmp_path / "a.npz", "a") as archive,
    ):
        archive.writestr("taps/conv1.npy", MEMBERS["taps/half"])
    with pytest.raises(ReelnetError, match="'taps/conv1' is there twice"):
        import_arrays(tmp_path / "a.npz", tmp_path / "run")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(ReelnetError, match=r"a\.npz: is a named pipe, not a file"):
        import_arrays(tmp_path / "a.npz", tmp_path / "run")


@pytest.mark.parametrize("bounds", [(-np.inf, 1), (0, np.inf), (np.nan, 1)])
def test_bounds_must_be_finite(bounds: tuple[float, float], tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **small(**{"bounds/conv1": np.array(bounds)}))
    with pytest.raises(ReelnetError, match="bounds/conv1: give the smallest and the largest value"):
        import_arrays(tmp_path / "a.npz", tmp_path / "run")


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    values = np.array([0xD800, 0x41, 0x110000, 0x41], np.uint32)
    for name, part, labels in (("half", values[:2], ("?", "A")), ("beyond", values[2:], None)):
        write_archive(
            tmp_path / f"{name}.npz", MEMBERS | {"labels": to_npy(part).replace(b"'<u4'", b"'<U1'")}
        )
        if labels is None:
            with pytest.raises(ReelnetError, match="labels: not text"):
                import_arrays(tmp_path / f"{name}.npz", tmp_path / name)
        else:
            assert import_arrays(tmp_path / f"{name}.npz", tmp_path / name).labels == labels
