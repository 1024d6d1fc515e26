"""Context managers that restore what a probe changes: random numbers, threads, and the state of modules."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

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
def preserve_rng_states(
    devices: Iterable[torch.device], generators: Iterable[torch.Generator] = ()
) -> Iterator[None]:
    """Restore all random number generators: of torch (CPU and `devices`), numpy and Python, and `generators`."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    states = [(generator, generator.get_state()) for generator in generators]
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


def find_generators(model: nn.Module) -> list[torch.Generator]:
    """Find the random number generators that modules keep as attributes."""
    return [
        value
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, torch.Generator)
    ]


@contextmanager
def use_one_thread() -> Iterator[None]:
    """Compute with one thread, and afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_uncompiled() -> AbstractContextManager[Any]:
    """Run modules compiled by `torch.compile` eagerly: hooks on them would not fire, or trigger a recompilation."""
    # Whoever has compiled a module has imported dynamo; others need not wait for the import.
    if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
        return torch.compiler.set_stance("force_eager")  # type: ignore[no-any-return]
    return nullcontext()


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
    contents = [(value, _list_content(value)) for owned in attributes for value in _mutable_containers(owned)]
    # Sharded parameters come and go in a forward pass.
    names = HOOK_ATTRIBUTES if is_sharded(model) else (*HOOK_ATTRIBUTES, "_modules", "_parameters")
    dicts = [(value, dict(value)) for module in modules for value in _internal_dicts(module, names)]
    buffers = [dict(module._buffers) for module in modules]
    values = {
        id(buffer): buffer.clone() for owned in buffers for buffer in owned.values() if buffer is not None
    }
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
        for owned in buffers:
            _restore_values(owned.values(), values)


def _restore_values(buffers: Iterable[Tensor | None], values: Mapping[int, Tensor]) -> None:
    for buffer in buffers:
        # Comparing would wait for another device; copying does not.
        if buffer is not None and not (
            buffer.device.type == "cpu" and torch.equal(buffer, values[id(buffer)])
        ):
            buffer.copy_(values[id(buffer)])


def _internal_dicts(module: nn.Module, names: Iterable[str]) -> Iterator[dict[Any, Any]]:
    attributes = vars(module)
    # A scripted module has other objects there.
    yield from (value for name in names if isinstance(value := attributes.get(name), dict))


def _mutable_containers(attributes: dict[str, Any]) -> Iterator[Any]:
    for name, value in attributes.items():
        if name not in TORCH_ATTRIBUTES and type(value) in (list, dict, set, deque):
            yield value


def _list_content(container: Any) -> list[Any]:
    return list(container.items() if isinstance(container, dict) else container)


def _restore_content(container: Any, content: list[Any]) -> None:
    current = _list_content(container)
    # Identity, not equality: comparing tensors gives tensors. The pairs of a dict are new objects each time.
    if isinstance(container, dict):
        same = [id(part) for pair in current for part in pair] == [
            id(part) for pair in content for part in pair
        ]
    else:
        same = list(map(id, current)) == list(map(id, content))
    if not same:
        container.clear()
        (container.extend if isinstance(container, list | deque) else container.update)(content)


def _restore_dict(current: dict[Any, Any], before: dict[Any, Any], ignored: Collection[str] = ()) -> None:
    for name in current.keys() - before.keys() - set(ignored):
        del current[name]
    for name, value in before.items():
        if name not in ignored and current.get(name, ABSENT) is not value:
            current[name] = value
