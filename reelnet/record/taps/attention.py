"""What an attention layer looks at."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from reelnet.errors import ReelnetError
from reelnet.record.tensors import a


def attention_weights(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor:
    """The attention weights (samples, heads, queries, keys) of a layer for what it was called with.

    Raises:
        ReelnetError: It is no `nn.MultiheadAttention`.
    """
    if not isinstance(module, nn.MultiheadAttention):
        raise ReelnetError(f"is {a(module)}; attention weights are those of an nn.MultiheadAttention")
    called = inspect.signature(module.forward).bind(*args, **kwargs)
    asked = {**called.arguments, "need_weights": True, "average_attn_weights": False}
    weights = module.forward(**asked)[1]
    if weights is None:
        raise ReelnetError(f"is {a(module)} that gives no attention weights")
    return weights
