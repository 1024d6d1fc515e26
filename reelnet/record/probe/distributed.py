"""Recording in distributed training: what each process does, and how sharded parameters are read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from torch import nn

from reelnet.errors import ReelnetError

Result = TypeVar("Result")

SYNC_TIMEOUT = timedelta(minutes=2)
"""How long processes that began a probe together wait for the last one to end it."""


class OutOfSyncError(ReelnetError):
    """The processes no longer do the same. If the training continued, it would mix up what they send each other."""


@dataclass(frozen=True)
class ProcessRole:
    """What this process does for the recording, among those that train one model.

    One process writes. If the parameters are sharded over all processes, the others must run the samples too, since
    a forward pass then waits for everyone. Otherwise they do nothing, and nobody waits for them.

    Attributes:
        writes: Whether this process writes the run; true in a training with a single process.
        probes: Whether this process runs the samples.
        group: The process group through which they communicate; None if they need not.
        timeout: How long to wait for the others at the end of a probe.
    """

    writes: bool = True
    probes: bool = True
    group: Any = None
    timeout: timedelta = SYNC_TIMEOUT

    @classmethod
    def from_model(cls, model: nn.Module, timeout: timedelta = SYNC_TIMEOUT) -> ProcessRole:
        """Return the role of this process. If the parameters are sharded, every process must call this."""
        # A distributed training has imported the module; others need not wait for the import.
        distributed = sys.modules.get("torch.distributed")
        if distributed is None or not distributed.is_available() or not distributed.is_initialized():
            return cls()
        writes = distributed.get_rank() == 0
        if not is_sharded(model):
            return cls(writes, writes)
        # A group of its own: its messages do not mix with those of a forward pass, and nothing waits for a GPU.
        return cls(writes, True, distributed.new_group(backend="gloo"), timeout)

    def broadcast_decision(self, decide: Callable[[], bool]) -> bool:
        """Return the decision of rank 0 in every process.

        Clocks and functions may differ between processes, and the others would wait for a process that decides
        otherwise.

        Raises:
            ReelnetError: Rank 0 failed to decide.
        """
        if self.group is None:
            return decide()
        from torch import distributed

        answer: list[bool | str] = [False]
        try:
            if self.writes:
                answer = [bool(decide())]
        except Exception as error:
            answer = [f"rank 0: {error}"]
            raise
        finally:
            distributed.broadcast_object_list(answer, 0, group=self.group)
        if isinstance(answer[0], str):
            raise ReelnetError(answer[0])
        return answer[0]

    def run_in_all(self, work: Callable[[], Result]) -> Result:
        """Run `work`, as all other processes do now. If it fails in one of them, this raises in all.

        Raises:
            OutOfSyncError: Another process did not finish its work in time.
            ReelnetError: The work failed in another process.
        """
        if self.group is None:
            return work()
        try:
            result = work()
        except Exception as error:
            self._all_gather(f"rank {self.group.rank()}: {error}")
            raise
        failure = next(filter(None, self._all_gather("")), None)
        if failure is not None:
            raise ReelnetError(failure)
        return result

    def require_same_taps(self, names: Sequence[str]) -> None:
        """Make sure that all processes record the same taps.

        Raises:
            ReelnetError: They do not.
        """
        if self.group is None:
            return
        for rank, others in enumerate(self._all_gather(list(names))):
            if others != list(names):
                raise ReelnetError(
                    f"rank {self.group.rank()} records {', '.join(names)}, but rank {rank} records "
                    f"{', '.join(others)}; give all processes the same taps"
                )

    def _all_gather(self, message: Any) -> list[Any]:
        import torch
        from torch import distributed

        messages = [None] * self.group.size()
        try:
            # Gathering waits as long as the group's timeout, which may be the time to save a checkpoint.
            distributed.all_reduce(torch.zeros(1), group=self.group, async_op=True).wait(self.timeout)
            distributed.all_gather_object(messages, message, self.group)
        except RuntimeError as error:
            own = f"{message}; " if isinstance(message, str) and message else ""
            raise OutOfSyncError(
                f"{own}another process did not finish the forward pass; "
                "the training cannot continue from here, restart it from its last checkpoint"
            ) from error
        return messages


def is_sharded(model: nn.Module) -> bool:
    """Whether the parameters are sharded over the processes: by FSDP1 or FSDP2, or as distributed tensors."""
    kinds = _loaded_class("torch.distributed.tensor", "DTensor")
    return bool(fsdp1_wrappers(model)) or any(
        isinstance(parameter, kinds) for parameter in model.parameters()
    )


def reshard(model: nn.Module) -> None:
    """Free the whole parameters that a forward pass of FSDP2 leaves in place: they are not the optimizer's."""
    for module in _find_modules(model, "FSDPModule"):
        module.reshard()


def fsdp1_wrappers(model: nn.Module) -> list[Any]:
    """The `FullyShardedDataParallel` (FSDP1) modules of a model."""
    return _find_modules(model, "FullyShardedDataParallel")


def fsdp1_parameters(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """The parameters that FSDP1 keeps in flat parameters: the module of each, and its name there."""
    handles = [handle for wrapper in fsdp1_wrappers(model) if (handle := wrapper._handle) is not None]
    return [
        (info.module, info.param_name)
        for handle in handles
        for info in (*handle.flat_param._param_infos, *handle.flat_param._shared_param_infos)
    ]


@contextmanager
def summon_parameters(model: nn.Module, *, gradients: bool) -> Iterator[None]:
    """Make the parameters that FSDP1 has sharded whole, in every process; all of them must call this.

    Args:
        model: The network.
        gradients: Whether to make the gradients whole, too.
    """
    wrappers = fsdp1_wrappers(model)
    if not wrappers:
        yield
        return
    with type(wrappers[0]).summon_full_params(model, writeback=False, with_grads=gradients):
        yield


def _find_modules(model: nn.Module, class_name: str) -> list[Any]:
    kinds = _loaded_class("torch.distributed.fsdp", class_name)
    return [module for module in model.modules() if isinstance(module, kinds)]


def _loaded_class(module: str, name: str) -> tuple[type, ...]:
    """The class if the module is imported: whoever uses the class has imported it, others need not wait for it."""
    loaded = getattr(sys.modules.get(module), name, None)
    return (loaded,) if loaded is not None else ()
