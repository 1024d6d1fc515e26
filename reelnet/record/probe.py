"""Running the fixed samples through a model without leaving a trace in it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.hooks import RemovableHandle

from reelnet.errors import ReelnetError

SMALL = 1 << 18
"""Numbers in the samples below which one thread does the probe. Threads that wait for each other at every layer cost
more than they bring for ten small pictures, and many times more where another process wants the cores too: 114 ms
a probe with two threads on two busy cores, 8 ms with one."""


class Probe:
    """Runs the same samples through a model and returns what chosen modules give.

    The model is as it was afterwards, also after an error: every module's train/eval flag, its buffers, its
    hooks, and the state of every random number generator.

    Args:
        model: The network. One wrapped by `torch.compile`, `DataParallel` or `DistributedDataParallel` is
            probed inside its wrapper, where hooks fire.
        samples: What the model is called with, (samples, …).
        paths: Dotted paths of the modules to listen to.
        strict: Refuse outputs that are neither maps (samples, channels, height, width) nor features (samples,
            features); otherwise leave them out.
    """

    def __init__(
        self, model: nn.Module, samples: torch.Tensor, paths: Sequence[str], *, strict: bool = True
    ) -> None:
        self.model = unwrap(model)
        self._paths = list(paths)
        self._strict = strict
        self._samples = samples

    def __call__(self) -> dict[str, NDArray[np.generic]]:
        """One pass: for each path an array (samples, channels, height, width), in the order of the forward pass.

        Features become channels of 1×1.

        Raises:
            ReelnetError: The model cannot take the samples, or a module gave neither maps nor features, or was
                not called.
        """
        found: dict[str, NDArray[np.generic]] = {}
        # no_grad, not inference_mode: what a model caches on the way (positions, masks) may be used by the
        # training later, and autograd refuses tensors that were made in inference mode.
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            stack.enter_context(torch.autocast(self._device.type, enabled=False))
            stack.enter_context(untouched_generators({held.device for held in self.model.parameters()}))
            stack.enter_context(untouched_modules(self.model))
            if self._samples.numel() < SMALL:
                stack.enter_context(one_thread())
            stack.enter_context(self._listening(found))
            try:
                self.model(self._moved())
            except ReelnetError:
                raise
            except Exception as error:
                raise self._refused(error, found) from error
        missing = [path for path in self._paths if path not in found]
        if missing and self._strict:
            raise ReelnetError(f"layer {missing[0]!r}: was not called while the model ran on the samples")
        return found

    @property
    def _device(self) -> torch.device:
        return next((tensor.device for tensor in self.model.parameters()), self._samples.device)

    def _moved(self) -> torch.Tensor:
        first = next(self.model.parameters(), None)
        kind = first.dtype if first is not None and first.is_floating_point() else None
        # A copy: a model may work on its input in place, and the samples are the same at every step.
        wanted = kind if kind is not None and self._samples.is_floating_point() else self._samples.dtype
        return self._samples.to(self._device, wanted, copy=True)

    @contextmanager
    def _listening(self, found: dict[str, NDArray[np.generic]]) -> Iterator[None]:
        handles: list[RemovableHandle] = []
        try:
            for path in self._paths:
                handles.append(
                    self.model.get_submodule(path).register_forward_hook(self._keeper(path, found))
                )
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _keeper(self, path: str, found: dict[str, NDArray[np.generic]]) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if self._can_be_kept(output):
                if path not in found:
                    values = to_numpy(output)
                    found[path] = values.reshape(*values.shape, *[1] * (4 - values.ndim))
            elif self._strict:
                form = f"an array of shape {tuple(output.shape)}" if isinstance(output, torch.Tensor) else ""
                gives = form or f"a {type(output).__name__}"
                raise ReelnetError(
                    f"layer {path!r}: gives {gives}; only maps (samples, channels, height, width) and features "
                    "(samples, features) can be recorded; 'reelnet layers' lists the layers that give them"
                )

        return keep

    def _can_be_kept(self, output: Any) -> bool:
        if not isinstance(output, torch.Tensor) or output.ndim not in (2, 4) or output.is_complex():
            return False
        return len(output) == len(self._samples)

    def _refused(self, error: Exception, found: dict[str, NDArray[np.generic]]) -> ReelnetError:
        reached = f"after layer {list(found)[-1]!r}" if found else "before the first recorded layer"
        reason = " ".join(str(error).split()) or type(error).__name__
        return ReelnetError(
            f"samples of shape {tuple(self._samples.shape)} do not fit {type(self.model).__name__}: "
            f"it failed {reached} ({reason}); give samples of the shape of one training batch"
        )


def unwrap(model: nn.Module) -> nn.Module:
    """The module inside `torch.compile`, `DataParallel` and `DistributedDataParallel`."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while True:
        inner = model.module if isinstance(model, wrappers) else getattr(model, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


@contextmanager
def untouched_generators(devices: set[torch.device]) -> Iterator[None]:
    """Give back the state of every random number generator: torch's (CPU and `devices`), numpy's, Python's."""
    python, legacy = random.getstate(), np.random.get_state()
    kind = next((device.type for device in devices if device.type != "cpu"), None)
    indices = [device.index or 0 for device in devices if device.type == kind]
    try:
        with torch.random.fork_rng(indices, device_type=kind or "cuda"):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread; then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def untouched_modules(model: nn.Module) -> Iterator[None]:
    """Run `model` in eval mode; give back each module's own flag and the content of each buffer."""
    modules = list(model.modules())
    flags = [module.training for module in modules]
    buffers = [dict(module._buffers) for module in modules]
    contents = {id(held): held.clone() for owned in buffers for held in owned.values() if held is not None}
    try:
        # The flag itself, not eval(): a model may do more in an eval() of its own (merge weights, say).
        for module in modules:
            module.training = False
        yield
    finally:
        for module, flag, owned in zip(modules, flags, buffers, strict=True):
            module.training = flag
            module._buffers.clear()
            module._buffers.update(owned)
        for owned in buffers:
            for held in owned.values():
                if held is not None and not torch.equal(held, contents[id(held)]):
                    held.copy_(contents[id(held)])


def to_numpy(tensor: torch.Tensor) -> NDArray[np.generic]:
    """A copy of a tensor's values on the CPU; what numpy has no type for becomes float32, exactly."""
    # A copy, not a view: an in-place activation behind the module would rewrite a view.
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    return tensor.detach().to("cpu", copy=True).contiguous().numpy()
