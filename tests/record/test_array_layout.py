"""The layouts of outputs, and the maps that outputs become."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.array_layout import ArrayLayout, infer_layout
from reelnet.record.samples import Samples
from reelnet.record.taps.tap import Tap
from reelnet.runs.header import TapInfo, fold_shape, near_square_grid

SQUARE = Samples.from_inputs(torch.zeros(3, 1, 32, 32))
WIDE = Samples.from_inputs(torch.zeros(3, 1, 16, 32))
TEXT = Samples.from_inputs(torch.zeros(3, 9, dtype=torch.long))
SEQUENCE_FIRST = Samples.from_inputs(torch.zeros(9, 3, dtype=torch.long), samples_dim=1)
SIGNAL = Samples.from_inputs(torch.zeros(3, 1, 9))
ENCODER_LAYER = nn.TransformerEncoderLayer(8, 2, 8)
MLP = nn.Sequential(nn.Linear(4, 16), nn.ReLU())


@pytest.mark.parametrize(
    ("shape", "module", "samples", "layout"),
    [
        ((3,), nn.Identity(), SQUARE, ArrayLayout("N")),
        ((3, 9), nn.Linear(2, 9), SQUARE, ArrayLayout("NC")),
        ((3, 8, 16, 16), nn.Conv2d(1, 8, 1), SQUARE, ArrayLayout("NCHW")),
        ((3, 8, 8, 8), nn.ReLU(), SQUARE, ArrayLayout("NCHW")),
        ((3, 16, 16, 8), nn.ReLU(), SQUARE, ArrayLayout("NHWC")),
        ((3, 8, 16, 8), nn.ReLU(), WIDE, ArrayLayout("NHWC")),
        ((3, 16, 16, 16), MLP, SQUARE, ArrayLayout("NHWC")),
        ((3, 16, 16, 16), nn.Sequential(nn.Linear(16, 16), nn.Conv2d(1, 1, 1)), SQUARE, ArrayLayout("NCHW")),
        ((3, 5, 7, 9), nn.LayerNorm(9), TEXT, ArrayLayout("NHWC")),
        ((3, 4, 9, 9), nn.Softmax(-1), TEXT, ArrayLayout("NCHW")),
        ((3, 32, 32), nn.Identity(), SQUARE, ArrayLayout("NHW")),
        ((3, 16, 7), nn.LayerNorm(7), SQUARE, ArrayLayout("NTC", (4, 4))),
        ((3, 17, 7), nn.LayerNorm(7), SQUARE, ArrayLayout("NTC", (4, 4), 1)),
        ((3, 21, 7), nn.Identity(), SQUARE, ArrayLayout("NTC", (4, 4), 5)),
        ((3, 33, 7), nn.Identity(), WIDE, ArrayLayout("NTC", (4, 8), 1)),
        ((3, 7, 16), nn.Flatten(2), SQUARE, ArrayLayout("NCT", (4, 4))),
        ((17, 3, 7), nn.Identity(), SQUARE, ArrayLayout("TNC", (4, 4), 1)),
        ((3, 5, 7), nn.LayerNorm(7), TEXT, ArrayLayout("NLC")),
        ((5, 3, 7), nn.GRU(7, 7), TEXT, ArrayLayout("LNC")),
        ((3, 3, 7), nn.GRU(7, 7), TEXT, ArrayLayout("LNC")),
        ((3, 5, 7), nn.GRU(7, 7, batch_first=True), TEXT, ArrayLayout("NLC")),
        ((3, 16, 7), nn.LSTM(7, 7, batch_first=True), SQUARE, ArrayLayout("NLC")),
        ((3, 8, 7), nn.LayerNorm(7), SQUARE, ArrayLayout("NLC")),
        ((3, 5, 7), nn.Conv1d(1, 5, 1), TEXT, ArrayLayout("NCL")),
        ((3, 5, 7), nn.ReLU(), SIGNAL, ArrayLayout("NCL")),
        ((3, 5, 8), nn.MultiheadAttention(8, 2, batch_first=True), TEXT, ArrayLayout("NLC")),
        ((5, 3, 8), nn.MultiheadAttention(8, 2), TEXT, ArrayLayout("LNC")),
        ((3, 3, 8), nn.MultiheadAttention(8, 2), TEXT, ArrayLayout("LNC")),
        ((3, 3, 8), nn.MultiheadAttention(8, 2, batch_first=True), TEXT, ArrayLayout("NLC")),
        ((3, 3, 8), nn.TransformerEncoderLayer(8, 2, 8), TEXT, ArrayLayout("LNC")),
        ((3, 3, 8), nn.TransformerEncoderLayer(8, 2, 8, batch_first=True), TEXT, ArrayLayout("NLC")),
        ((3, 3, 8), nn.TransformerEncoder(ENCODER_LAYER, 1), TEXT, ArrayLayout("LNC")),
        ((3, 3, 8), nn.TransformerDecoderLayer(8, 2, 8), TEXT, ArrayLayout("LNC")),
        ((3, 3, 8), nn.Transformer(8, 2, 1, 1, 8), TEXT, ArrayLayout("LNC")),
        ((3, 3, 8), nn.Transformer(8, 2, 1, 1, 8, batch_first=True), TEXT, ArrayLayout("NLC")),
        ((3, 3, 8), nn.RNN(8, 8), SEQUENCE_FIRST, ArrayLayout("LNC")),
        ((3, 3, 8), nn.RNN(8, 8, batch_first=True), SEQUENCE_FIRST, ArrayLayout("NLC")),
        ((5, 3, 8), nn.LayerNorm(8), SEQUENCE_FIRST, ArrayLayout("LNC")),
        ((3, 9), nn.Linear(2, 9), SEQUENCE_FIRST, ArrayLayout("NC")),
        ((5, 3), nn.Identity(), SEQUENCE_FIRST, ArrayLayout("LN")),
        ((3, 2, 9, 8, 8), nn.Conv3d(1, 2, 1), TEXT, ArrayLayout("NCDHW", depth=(9, 4))),
    ],
)
def test_the_layout_follows_from_shape_module_and_samples(
    shape: tuple[int, ...], module: nn.Module, samples: Samples, layout: ArrayLayout
) -> None:
    assert infer_layout(shape, module, samples) == layout


@pytest.mark.parametrize(
    ("shape", "module", "key", "dims"),
    [
        ((3, 5, 5), nn.MultiheadAttention(5, 1, batch_first=True), "1", "NHW"),
        ((3, 5, 5), nn.MultiheadAttention(5, 1, batch_first=True), 0, "NLC"),
        ((3, 3, 7), nn.LSTM(7, 7, 3, batch_first=True), "1.0", "LNC"),
        ((2, 3, 7), nn.LSTM(7, 7, 2, batch_first=True), "1.1", "LNC"),
        ((3, 3, 7), nn.GRU(7, 7, 3, batch_first=True), 1, "LNC"),
        ((3, 3, 7), nn.GRU(7, 7, 3, batch_first=True), 0, "NLC"),
    ],
)
def test_parts_of_what_a_module_returns(
    shape: tuple[int, ...], module: nn.Module, key: int | str, dims: str
) -> None:
    assert infer_layout(shape, module, TEXT, key=key) == ArrayLayout(dims)


@pytest.mark.parametrize(
    ("shape", "module", "samples", "dims", "other"),
    [
        ((3, 3, 7), nn.LayerNorm(7), TEXT, "NLC", "LNC"),
        ((3, 3, 7), nn.LayerNorm(7), SEQUENCE_FIRST, "LNC", "NLC"),
        ((3, 3, 7), nn.GRU(7, 7), TEXT, "LNC", ""),
        ((3, 3), nn.Linear(3, 3), TEXT, "NC", ""),
        ((3, 3), nn.Linear(3, 3), SEQUENCE_FIRST, "NC", "LN"),
        ((3, 8, 8, 8), nn.ReLU(), SQUARE, "NCHW", "NHWC"),
        ((3, 8, 8, 8), nn.Conv2d(1, 8, 1), SQUARE, "NCHW", ""),
        ((3, 8, 8, 8), MLP, SQUARE, "NCHW", "NHWC"),
        ((3, 16, 16, 16), MLP, SQUARE, "NHWC", ""),
        ((3, 8, 8, 4), nn.ReLU(), SQUARE, "NHWC", ""),
        ((3, 16, 16), nn.Identity(), SQUARE, "NTC", "NCT"),
        ((3, 16, 16), nn.LayerNorm(16), SQUARE, "NTC", ""),
    ],
)
def test_two_layouts_that_fit_equally_well_are_noted(
    shape: tuple[int, ...], module: nn.Module, samples: Samples, dims: str, other: str
) -> None:
    layout = infer_layout(shape, module, samples)
    assert (layout.dims, layout.other_dims) == (dims, other)
    assert (f"read as {dims}, but {other} fits, too" in layout.note) == bool(other)


def test_outputs_of_inputs_with_positions_first() -> None:
    lengths = Samples.from_inputs(torch.zeros(12, 4, dtype=torch.long))
    for dims in (None, "LNC"):
        with pytest.raises(ReelnetError, match=r"has 4 samples, not the 12 .* samples_dim=1"):
            infer_layout((12, 4, 8), nn.LSTM(8, 8), lengths, dims=dims)
    with pytest.raises(ReelnetError, match=r"\(4, 3\), .* has 4 samples, not the 12 .* samples_dim=1"):
        infer_layout((4, 3), nn.Linear(8, 3), lengths)


@pytest.mark.parametrize(
    "dims",
    [
        "NCHW",
        "NHWC",
        "CHNW",
        "NHW",
        "NTC",
        "TNC",
        "NCL",
        "LCN",
        "LNC",
        "NLC",
        "LN",
        "NC",
        "N",
        "NCDHW",
        "DNHWC",
    ],
)
def test_maps_hold_each_value_in_its_place(dims: str) -> None:
    sizes = {"N": 3, "C": 2, "D": 4, "H": 5, "W": 6, "T": 7, "L": 8}
    values = torch.arange(int(np.prod([sizes[letter] for letter in dims]))).reshape(
        [sizes[each] for each in dims]
    )
    grid = (2, 3) if "T" in dims else None
    layout = infer_layout(tuple(values.shape), nn.Identity(), TEXT, dims=dims, grid=grid)
    maps, apart = layout.to_maps(values), layout.get_prefix_tokens(values)
    assert maps.shape[:2] == (3, 2 if "C" in dims else 1)
    mapped = set()
    for n, c, y, x in np.ndindex(*maps.shape):
        at = {"N": n, "C": c, "H": y, "W": x, "D": 2, "L": x, "T": 1 + 3 * y + x}
        assert maps[n, c, y, x] == values[tuple(at[letter] for letter in dims)]
        mapped.add(int(maps[n, c, y, x]))
    assert (apart is None) == ("T" not in dims)
    if apart is not None:
        assert apart.shape == (3, 1, 1, 2)
        for n, c in np.ndindex(3, 2):
            at = {"N": n, "C": c, "T": 0}
            assert apart[n, 0, 0, c] == values[tuple(at[letter] for letter in dims)]
            mapped.add(int(apart[n, 0, 0, c]))
    assert len(mapped) == values.numel() // (4 if "D" in dims else 1)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((), {}, r"shape \(\) cannot be recorded; expected 1 to 5 dimensions, .* the 3 samples"),
        ((12, 4, 8, 8), {}, r"shape \(12, 4, 8, 8\)"),
        ((3, 0, 8, 8), {}, r"shape \(3, 0, 8, 8\)"),
        ((3, 4), {"dims": "NCHW"}, r"shape \(3, 4\) does not have the 4 dimensions of dims='NCHW'"),
        ((4, 3), {"dims": "NC"}, r"shape \(4, 3\)"),
        ((3, 2, 4, 8, 8), {"slice_index": 4}, "has no slice 4; its 4 slices are numbered from 0"),
        ((3, 2, 8, 8), {"slice_index": 0}, "has no depth; remove slice=0"),
        (
            (3, 3, 4),
            {"dims": "NTC"},
            "cannot fold 3 tokens to a grid with the aspect ratio .*; set grid=",
        ),
        ((3, 10, 4), {"dims": "NTC", "grid": (4, 4)}, r"cannot fold 10 tokens to a grid of \(4, 4\)"),
    ],
)
def test_outputs_without_a_layout(shape: tuple[int, ...], options: dict[str, object], message: str) -> None:
    with pytest.raises(ReelnetError, match=message):
        infer_layout(shape, nn.Identity(), SQUARE, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("dims", ["CHW", "NCH", "NNC", "NTL", "nchw", "", "NCHWT"])
def test_invalid_dims(dims: str) -> None:
    with pytest.raises(UsageError, match="dims="):
        Tap("conv", dims=dims)


@pytest.mark.parametrize(
    ("count", "sides"),
    [
        (1, (1, 1)),
        (7, (2, 4)),
        (10, (2, 5)),
        (32, (4, 8)),
        (64, (8, 8)),
        (100, (10, 10)),
        (784, (28, 28)),
        (997, (31, 33)),
    ],
)
def test_a_grid_is_near_square(count: int, sides: tuple[int, int]) -> None:
    assert near_square_grid(count) == sides


def test_every_grid_has_room_and_no_empty_row() -> None:
    for count in range(1, 2000):
        rows, columns = near_square_grid(count)
        assert count <= rows * columns
        assert columns * (rows - 1) < count
        assert max(rows, columns) <= 4 * min(rows, columns)


@pytest.mark.parametrize(
    ("shape", "fold"),
    [
        ((3, 8, 7, 7), None),
        ((3, 12, 1, 1), None),
        ((3, 20, 1, 1), (1, 4, 5)),
        ((3, 1, 1, 1), None),
        ((3, 5, 1, 9), None),
        ((3, 1, 1, 9), None),
    ],
)
def test_long_vectors_are_shown_as_one_map(shape: tuple[int, ...], fold: tuple[int, int, int] | None) -> None:
    assert fold_shape(shape) == fold


def test_folding_keeps_the_order_and_fills_with_blanks() -> None:
    info = TapInfo((2, 7, 1, 1), "int64", fold=(1, 2, 4))
    shown = info.fold_values(np.arange(1, 15).reshape(2, 7, 1, 1))
    np.testing.assert_array_equal(shown[0, 0], [[1, 2, 3, 4], [5, 6, 7, 0]])
    np.testing.assert_array_equal(shown[1, 0], [[8, 9, 10, 11], [12, 13, 14, 0]])
    np.testing.assert_array_equal(info.blank_mask, [[False] * 4, [False, False, False, True]])
    whole = TapInfo((2, 3, 4, 5), "float32")
    assert whole.map_shape == (3, 4, 5)
    assert not whole.blank_mask.any()
