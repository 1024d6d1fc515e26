"""Context managers that restore what a probe changes: random numbers, settings of torch, and the state of modules."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import nn

from reelnet.record.probe.distributed import fsdp1_parameters, fsdp1_wrappers, is_sharded

TORCH_ATTRIBUTES = frozenset(vars(nn.Module()))
"""Attributes that every module has for torch's own use."""

HOOK_ATTRIBUTES = tuple(
    name
    for name in sorted(TORCH_ATTRIBUTES)
    if name.startswith(("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"))
)
"""Where modules keep their hooks. A model may set its own in its first pass, and note in an attribute that it did."""

ABSENT = object()
"""Stands for an attribute that does not exist."""


@contextmanager
def preserve_rng_states(model: nn.Module) -> Iterator[None]:
    """Restore the random number generators of Python, numpy, torch (CPU and the model's devices) and the modules."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    attributes = (value for module in model.modules() for value in vars(module).values())
    states = [(value, value.get_state()) for value in attributes if isinstance(value, torch.Generator)]
    devices = {parameter.device for parameter in model.parameters()}
    kind = next((device.type for device in devices if device.type != "cpu"), None)
    indices = [device.index or 0 for device in devices if device.type == kind]
    try:
        with torch.random.fork_rng(indices, device_type=kind or "cuda"):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        for generator, state in states:
            generator.set_state(state)


def run_uncompiled() -> AbstractContextManager[Any]:
    """Run modules compiled by `torch.compile` eagerly: hooks on them would not fire, or trigger a recompilation."""
    # Whoever has compiled a module has imported dynamo; others need not wait for the import.
    if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
        return torch.compiler.set_stance("force_eager")  # type: ignore[no-any-return]
    return nullcontext()


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


@contextmanager
def use_eval_mode(model: nn.Module) -> Iterator[None]:
    """Run `model` in eval mode; restore each module's own flag, hooks, submodules, buffers and attributes.

    Attributes are what a forward pass may leave behind: a counter, a hidden state, a list of losses. Lists, dicts,
    sets and deques get their contents back; what changes inside other objects stays changed.
    """
    modules = list(model.modules())
    flags = [module.training for module in modules]
    # The attributes of FSDP1's wrappers, and the parameters that it lends to modules, are its own business.
    fsdp1_ids = set(map(id, fsdp1_wrappers(model)))
    lent_names = {name for _, name in fsdp1_parameters(model)}
    attributes = [{} if id(module) in fsdp1_ids else dict(vars(module)) for module in modules]
    contents = [
        (value, _list_content(value))
        for owned in attributes
        for name, value in owned.items()
        if name not in TORCH_ATTRIBUTES and type(value) in (list, dict, set, deque)
    ]
    # Sharded parameters come and go in a forward pass.
    names = HOOK_ATTRIBUTES if is_sharded(model) else (*HOOK_ATTRIBUTES, "_modules", "_parameters")
    # A scripted module has other objects there.
    internals = [value for module in modules for name, value in vars(module).items() if name in names]
    dicts = [(value, dict(value)) for value in internals if isinstance(value, dict)]
    buffers = [dict(module._buffers) for module in modules]
    values = {buffer: buffer.clone() for owned in buffers for buffer in owned.values() if buffer is not None}
    try:
        # Set the flag itself instead of calling eval(): a model may do more in an eval() of its own (merge weights).
        for module in modules:
            module.training = False
        yield
    finally:
        for module, flag, before, owned in zip(modules, flags, attributes, buffers, strict=True):
            module.training = flag
            if id(module) not in fsdp1_ids:
                _restore_dict(vars(module), before, lent_names)
            # A scripted module has no such dictionary; its buffers stay the same tensors.
            if isinstance(module._buffers, dict):
                _restore_dict(module._buffers, owned)
        for current, before in dicts:
            _restore_dict(current, before)
        for container, content in contents:
            _restore_content(container, content)
        for buffer, value in values.items():
            # Comparing would wait for another device; copying does not.
            if buffer.device.type != "cpu" or not torch.equal(buffer, value):
                buffer.copy_(value)


def _list_content(container: Any) -> list[Any]:
    return list(container.items() if isinstance(container, dict) else container)


def _restore_content(container: Any, content: list[Any]) -> None:
    # Compare identities: the equality of two tensors is a tensor, and the items of a dict are new tuples each time.
    flatten: Any = chain.from_iterable if isinstance(container, dict) else iter
    if list(map(id, flatten(_list_content(container)))) != list(map(id, flatten(content))):
        container.clear()
        (container.extend if isinstance(container, list | deque) else container.update)(content)


def _restore_dict(current: dict[Any, Any], before: dict[Any, Any], ignored: Collection[str] = ()) -> None:
    for name in current.keys() - before.keys() - set(ignored):
        del current[name]
    for name, value in before.items():
        if name not in ignored and current.get(name, ABSENT) is not value:
            current[name] = value
