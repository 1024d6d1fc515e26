"""What surrounds the forward pass of the samples: all that is restored afterwards, and what is said if it fails."""

from __future__ import annotations

import functools
import inspect
import random
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from reelnet.errors import ReelnetError, describe_error
from reelnet.record.probe.copies import ParameterGuard
from reelnet.record.probe.distributed import is_sharded
from reelnet.record.probe.reachable import HOOK_ATTRIBUTES, ReachableState, can_change, format_place
from reelnet.record.samples import Samples
from reelnet.record.taps.selection import named_modules


@contextmanager
def preserve_rng_states(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Restore the global random number generators of Python, numpy and torch: CPU and the devices of the tensors."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    devices = {tensor.device for tensor in tensors}
    kind = next((device.type for device in devices if device.type not in ("cpu", "meta")), None)
    indices = [device.index or 0 for device in devices if device.type == kind]
    try:
        with torch.random.fork_rng(indices, device_type=kind or "cuda"):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


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
    """Run a model in eval mode, and restore each module's own flag."""
    flags = [(module, module.training) for module in model.modules()]
    try:
        # Set the flag itself instead of calling eval(): a model may do more in an eval() of its own (merge weights).
        for module, _ in flags:
            module.training = False
        yield
    finally:
        for module, flag in flags:
            module.training = flag


@contextmanager
def preserve_state(
    model: nn.Module, guard: ParameterGuard, report: Callable[[str, str], None]
) -> Iterator[ReachableState]:
    """Restore what a forward pass changes in a model, and in all objects that can be reached from it.

    Args:
        model: The network.
        guard: What keeps its parameters, the same in each pass.
        report: Is called with the name of each thing that cannot be restored, and the reason.
    """
    state = ReachableState(model)
    # Sharded parameters are the business of torch.
    guard.save(() if is_sharded(model) else state.parameters, state.modules)
    try:
        yield state
    finally:
        state.restore()
        for place in guard.restore():
            report(format_place(place), "was changed, and had no copy")
        for name, reason in state.unrestorable.items():
            report(name, reason)


SHAPE_ERROR = re.compile(
    r"shape|size|dimension|channel|mat1|must match|positional argument|keyword argument", re.IGNORECASE
)
"""Matches torch's errors about inputs that do not fit."""

IGNORED_SOURCES = (str(Path(torch.__file__).parent), str(Path(__file__).parent))
"""Folders of source files that are not the user's."""

LIBRARY_PACKAGES = frozenset(
    {
        "accelerate",
        "bitsandbytes",
        "deepspeed",
        "peft",
        "timm",
        "torch",
        "torchao",
        "torchvision",
        "transformers",
    }
)
"""Packages whose hooks are part of what a model computes: weight and spectral normalization, pruning, quantization,
sharding, adapters, captured outputs. They run in the probe, too."""

PARAMETER_PACKAGES = frozenset({"accelerate", "deepspeed", "torch"})
"""Those of them whose hooks manage parameters. What such hooks hold is their own business."""

GLOBAL_HOOKS: tuple[dict[int, Any], ...] = tuple(
    value
    for name, value in sorted(vars(torch_module).items())
    if name.startswith(("_global_forward", "_global_backward")) and isinstance(value, dict)
)
"""Where torch keeps the hooks that run for every module, and what it knows of them."""


@contextmanager
def set_aside_user_hooks(state: ReachableState) -> Iterator[None]:
    """Run without the hooks that users have registered, on a module or on all modules.

    Hooks of libraries stay, and hooks of the model itself: those for which all that they can change (the object whose
    method they are, the variables of their closure) is part of `state`. Some networks compute with such hooks.

    Args:
        state: The modules; it restores them afterwards, their hooks included, and what hooks of libraries hold.
    """
    for module in state.modules:
        registries = [vars(module).get(name) for name in HOOK_ATTRIBUTES]
        _remove_hooks((each for each in registries if isinstance(each, dict)), state)
    saved = [(registry, dict(registry)) for registry in GLOBAL_HOOKS]
    try:
        _remove_hooks(GLOBAL_HOOKS, state)
        yield
    finally:
        for registry, hooks in saved:
            if list(registry.items()) != list(hooks.items()):
                registry.clear()
                registry.update(hooks)


def _remove_hooks(registries: Iterable[dict[int, Any]], state: ReachableState) -> None:
    for registry in registries:
        if registry:
            # Beside the hooks themselves there are flags, under the same numbers; those of a removed hook do no harm.
            for key in [key for key, hook in registry.items() if callable(hook) and _is_users(hook, state)]:
                del registry[key]


def _is_users(hook: Callable[..., Any], state: ReachableState) -> bool:
    function, held = _unwrap(hook)
    if (package := _package_of(function)) in LIBRARY_PACKAGES:
        if package not in PARAMETER_PACKAGES:
            state.include(held, f"hook of {package}")
        return False
    changing = [value for value in held if can_change(value)]
    return not changing or not all(value in state for value in changing)


def _unwrap(hook: Callable[..., Any]) -> tuple[Callable[..., Any], list[Any]]:
    """The function that a hook comes down to, and the values that it holds."""
    held: list[Any] = []
    while True:
        # A decorator of torch, such as no_grad, does not make a function torch's.
        hook = inspect.unwrap(hook)
        if isinstance(hook, functools.partial):
            held += [*hook.args, *hook.keywords.values()]
            hook = hook.func
        elif isinstance(hook, types.MethodType):
            held.append(hook.__self__)
            hook = hook.__func__
        elif isinstance(hook, types.FunctionType):
            for cell in hook.__closure__ or ():
                try:
                    held.append(cell.cell_contents)
                except ValueError:  # a variable that has no value yet
                    continue
            return hook, [*held, *(hook.__defaults__ or ()), *(hook.__kwdefaults__ or {}).values()]
        else:
            name = "forward" if isinstance(hook, nn.Module) else "__call__"
            method = getattr(type(hook), name, None)
            if not isinstance(method, types.FunctionType):
                return hook, [*held, hook]
            held.append(hook)
            hook = method


def _package_of(function: Callable[..., Any]) -> str:
    """The package whose code a function is; `functools.wraps` may have changed its `__module__`."""
    name = getattr(function, "__globals__", {}).get("__name__") or getattr(function, "__module__", None)
    return str(name or "").partition(".")[0]


def describe_forward_error(
    model: nn.Module, samples: Samples, error: Exception, last_layer: str | None
) -> ReelnetError:
    """Describe why and where a model failed on the samples.

    Args:
        model: The network.
        samples: What it was called with.
        error: The exception that it raised.
        last_layer: The last recorded layer that had returned; None before the first.
    """
    layer, line = _locate_error(model, error)
    progress = f"after layer {last_layer!r}" if last_layer is not None else "before the first recorded layer"
    where = ", ".join(filter(None, (layer and f"in {layer!r}", progress, line)))
    hint = (
        "give samples of the shape of one training batch"
        if SHAPE_ERROR.search(str(error))
        else "check that the model accepts them after model.eval()"
    )
    return ReelnetError(
        f"{type(model).__name__} failed in eval mode on samples of {samples.shapes_text}, {where}: "
        f"{describe_error(error)}; {hint}"
    )


def _locate_error(model: nn.Module, error: Exception) -> tuple[str, str]:
    """Return the path of the innermost running module, and the last line that is not torch's; each may be empty."""
    paths = {id(module): path for path, module in reversed(named_modules(model).items())}
    layer, location = "", ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        layer = paths.get(id(frame.f_locals.get("self")), "") or layer
        file = frame.f_code.co_filename
        if not file.startswith(IGNORED_SOURCES):
            location = f"{Path(file).name} line {line}"
    return layer, location
