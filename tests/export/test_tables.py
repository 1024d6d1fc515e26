"""Tables that are written by frames and read by blocks of values."""

from __future__ import annotations

import numpy as np

from reelnet.export.quantize.disk_table import Table


def test_a_table_gives_back_what_it_got() -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (37, 23), dtype=np.uint16)
    table = Table(37, 23, 7, np.uint16)
    for number, row in enumerate(values):
        table.put(number, row)
    assert (table.blocks, table.width) == (4, 7)
    assert all((table.frame(number) == values[number]).all() for number in (0, 36, 5, 6, 20))
    assert (np.concatenate([table.block(n) for n in range(4)], axis=1) == values).all()
    assert (table.columns(np.array([0, 6, 7, 22])) == values[:, [0, 6, 7, 22]]).all()
    table.put_block(1, values[:, 7:14] // 2)
    assert (table.frame(20)[7:14] == values[20, 7:14] // 2).all()
    assert (table.frame(20)[14:] == values[20, 14:]).all()
