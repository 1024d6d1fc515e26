"""What a probe borrows and gives back: random numbers, threads, and everything that modules keep."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from reelnet.record.probe.distributed import is_spread, managed_modules, managed_parameters

INNER = frozenset(vars(nn.Module()))
"""Attributes that every module has for torch's own use."""

HOOKS = tuple(
    name
    for name in sorted(INNER)
    if name.startswith(("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"))
)
"""Where modules keep their hooks. A model may set its own in its first pass, and note in an attribute that it has."""

GONE = object()
"""In place of an attribute that is not there."""


@contextmanager
def untouched_generators(devices: set[torch.device], own: Iterable[torch.Generator] = ()) -> Iterator[None]:
    """Give back the state of every random number generator: torch's (CPU and `devices`), numpy's, Python's, `own`."""
    python, legacy = random.getstate(), np.random.get_state()
    states = [(generator, generator.get_state()) for generator in own]
    kind = next((device.type for device in devices if device.type != "cpu"), None)
    indices = [device.index or 0 for device in devices if device.type == kind]
    try:
        with torch.random.fork_rng(indices, device_type=kind or "cuda"):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        for generator, state in states:
            generator.set_state(state)


def generators(model: nn.Module) -> list[torch.Generator]:
    """The generators that modules keep for themselves."""
    return [
        held
        for module in model.modules()
        for held in vars(module).values()
        if isinstance(held, torch.Generator)
    ]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread; then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def uncompiled() -> AbstractContextManager[Any]:
    """Run as written what `torch.compile` has compiled: hooks on it would not fire, or have it compiled anew."""
    # Whoever has compiled something has imported dynamo; others need not wait for it.
    if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
        return torch.compiler.set_stance("force_eager")  # type: ignore[no-any-return]
    return nullcontext()


@contextmanager
def untouched_modules(model: nn.Module) -> Iterator[None]:
    """Run `model` in eval mode; give back each module's own flag, hooks, parts, buffers and attributes.

    Attributes are what a forward pass may leave behind: a count, a hidden state, a list of losses. What they hold is
    put back, not what happened within an object of a kind of its own.
    """
    modules = list(model.modules())
    flags = [module.training for module in modules]
    # What FSDP notes in its wrappers, and the parameters that it lends, are its own business.
    managed = set(map(id, managed_modules(model)))
    lent = {name for _, name in managed_parameters(model)}
    attributes = [{} if id(module) in managed else dict(vars(module)) for module in modules]
    contents = [(held, _copied(held)) for owned in attributes for held in _containers(owned)]
    # Parameters that are spread over processes come and go in a pass.
    names = HOOKS if is_spread(model) else (*HOOKS, "_modules", "_parameters")
    parts = [(held, dict(held)) for module in modules for held in _dictionaries(module, names)]
    buffers = [dict(module._buffers) for module in modules]
    values = {id(held): held.clone() for owned in buffers for held in owned.values() if held is not None}
    try:
        # The flag itself, not eval(): a model may do more in an eval() of its own (merge weights, say).
        for module in modules:
            module.training = False
        yield
    finally:
        for module, flag, before, owned in zip(modules, flags, attributes, buffers, strict=True):
            module.training = flag
            if id(module) not in managed:
                _give_back(vars(module), before, lent)
            # A scripted module has no such dictionary; its buffers keep their places.
            if isinstance(module._buffers, dict):
                _give_back(module._buffers, owned)
        for now, then in parts:
            _give_back(now, then)
        for held, content in contents:
            _refill(held, content)
        for owned in buffers:
            _copy_back(owned.values(), values)


def _copy_back(buffers: Iterable[torch.Tensor | None], values: Mapping[int, torch.Tensor]) -> None:
    for buffer in buffers:
        # A comparison would wait for another device; a copy does not.
        if buffer is not None and not (
            buffer.device.type == "cpu" and torch.equal(buffer, values[id(buffer)])
        ):
            buffer.copy_(values[id(buffer)])


def _dictionaries(module: nn.Module, names: Iterable[str]) -> Iterator[dict[Any, Any]]:
    own = vars(module)
    # A scripted module keeps other things there.
    yield from (held for name in names if isinstance(held := own.get(name), dict))


def _containers(attributes: dict[str, Any]) -> Iterator[Any]:
    for name, held in attributes.items():
        if name not in INNER and type(held) in (list, dict, set, deque):
            yield held


def _copied(held: Any) -> list[Any]:
    return list(held.items() if isinstance(held, dict) else held)


def _refill(held: Any, content: list[Any]) -> None:
    now = _copied(held)
    flat = [each for pair in now for each in pair] if isinstance(held, dict) else now
    before = [each for pair in content for each in pair] if isinstance(held, dict) else content
    if len(flat) != len(before) or any(one is not other for one, other in zip(flat, before, strict=True)):
        held.clear()
        (held.extend if isinstance(held, list | deque) else held.update)(content)


def _give_back(now: dict[Any, Any], before: dict[Any, Any], but: Collection[str] = ()) -> None:
    for name in now.keys() - before.keys() - set(but):
        del now[name]
    for name, held in before.items():
        if name not in but and now.get(name, GONE) is not held:
            now[name] = held
