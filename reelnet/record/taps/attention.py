"""Attention weights: compute those of `nn.MultiheadAttention`, and say how to get those of other attention layers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from reelnet.errors import ReelnetError
from reelnet.record.tensors import with_article


def compute_attention_weights(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor:
    """Compute the attention weights (samples, heads, queries, keys) for the arguments of a call.

    Raises:
        ReelnetError: The module is not an `nn.MultiheadAttention`, or it returns no weights.
    """
    if not isinstance(module, nn.MultiheadAttention):
        hint = (
            suggest_attention(module)
            or "record the layer that computes them, such as a softmax, or a part with key="
        )
        raise ReelnetError(
            f"is {with_article(module)}, but Tap.attention reads nn.MultiheadAttention only; {hint}"
        )
    arguments = inspect.signature(module.forward).bind(*args, **kwargs).arguments
    weights = module.forward(**{**arguments, "need_weights": True, "average_attn_weights": False})[1]
    if weights is None:
        raise ReelnetError(f"is {with_article(module)} that returns no attention weights")
    return weights


def suggest_attention(module: nn.Module) -> str:
    """Say how to record the attention weights of a layer of another library; empty if it is none that is known."""
    if type(module).__module__.startswith("transformers.") and "attention" in type(module).__name__.lower():
        return (
            'only eager attention returns weights: load the model with attn_implementation="eager", '
            "and record this layer with Tap('…', key=\"1\")"
        )
    # timm's layers compute the weights themselves without the fused kernel, and pass most of them through a dropout.
    is_fused = getattr(module, "fused_attn", False)
    if isinstance(getattr(module, "attn_drop", None), nn.Module):
        way = "record the weights as Tap('….attn_drop', dims='NCHW')"
        return f"fused attention has no weights: set its fused_attn=False, and {way}" if is_fused else way
    if is_fused:
        return "it has no module that returns the weights, also without fused_attn"
    return ""


def suggest_unfused(parent: nn.Module | None) -> str:
    """Say how to make a layer run that fused attention bypasses; empty if its parent does not use it."""
    if parent is not None and getattr(parent, "fused_attn", False):
        return f"; {with_article(parent)} with fused attention bypasses it: set fused_attn=False"
    return ""
