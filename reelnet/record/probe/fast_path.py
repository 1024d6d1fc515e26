"""Run transformer layers of torch as in training: layer by layer, on dense tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def disable_attention_fast_path() -> Iterator[None]:
    """Disable the fast path of `nn.TransformerEncoder` and `nn.MultiheadAttention`; restore the setting.

    In eval mode it bypasses the layers inside, and passes nested tensors between layers if there is a padding mask.
    """
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
