"""Which part a process takes where several train one model, and what they must agree on."""

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

PATIENCE = timedelta(minutes=2)
"""How long processes that began a probe together wait for the last one to end it."""


class PartedError(ReelnetError):
    """The processes no longer do the same; a training that goes on would mix up what they send each other."""


@dataclass(frozen=True)
class Ranks:
    """What this process does for the recording, among those that train one model.

    One process writes. The others must run the samples too where the parameters are spread over all, since a forward
    pass then waits for everyone; elsewhere they do nothing, and nobody waits for them.

    Attributes:
        writes: Whether it writes the run; one that trains alone does.
        probes: Whether it runs the samples.
        group: Through which the processes speak to each other; None where they need not.
    """

    writes: bool = True
    probes: bool = True
    group: Any = None

    @classmethod
    def of(cls, model: nn.Module) -> Ranks:
        """The part of this process. Where the parameters are spread, all of them must ask."""
        # Whoever trains together has imported it; others need not wait for it.
        together = sys.modules.get("torch.distributed")
        if together is None or not together.is_available() or not together.is_initialized():
            return cls()
        writes = together.get_rank() == 0
        if not is_spread(model):
            return cls(writes, writes)
        # A group of its own: its words are not taken for a pass's, and nothing waits for a GPU.
        return cls(writes, True, together.new_group(backend="gloo"))

    def agreed(self, ask: Callable[[], bool]) -> bool:
        """The first process's answer, for all: clocks and functions may differ, and who does not come is waited for.

        Raises:
            ReelnetError: The first process could not answer.
        """
        if self.group is None:
            return ask()
        from torch import distributed

        answer: list[bool | str] = [False]
        try:
            if self.writes:
                answer = [bool(ask())]
        except Exception as error:
            answer = [f"process 0: {error}"]
            raise
        finally:
            distributed.broadcast_object_list(answer, 0, group=self.group)
        if isinstance(answer[0], str):
            raise ReelnetError(answer[0])
        return answer[0]

    def together(self, work: Callable[[], Result]) -> Result:
        """Do what all of them do now; where one fails, all do.

        Raises:
            PartedError: Another one did not come to the end of it.
            ReelnetError: Another one failed.
        """
        if self.group is None:
            return work()
        try:
            result = work()
        except Exception as error:
            self._told(f"process {self.group.rank()}: {error}")
            raise
        failed = next(filter(None, self._told("")), None)
        if failed is not None:
            raise ReelnetError(failed)
        return result

    def require_same(self, names: Sequence[str]) -> None:
        """Make sure that all of them record the same.

        Raises:
            ReelnetError: They do not.
        """
        if self.group is None:
            return
        for number, others in enumerate(self._told(list(names))):
            if others != list(names):
                raise ReelnetError(
                    f"process {self.group.rank()} records {', '.join(names)}, process {number} records "
                    f"{', '.join(others)}; give all of them the same taps"
                )

    def _told(self, word: Any) -> list[Any]:
        import torch
        from torch import distributed

        words = [None] * self.group.size()
        try:
            # What is gathered would be waited for as long as a checkpoint may take to be saved.
            distributed.all_reduce(torch.zeros(1), group=self.group, async_op=True).wait(PATIENCE)
            distributed.all_gather_object(words, word, self.group)
        except RuntimeError as error:
            own = f"{word}; " if isinstance(word, str) and word else ""
            raise PartedError(
                f"{own}another process did not come to the end of the forward pass; "
                "the training cannot go on from here, start it again from its last checkpoint"
            ) from error
        return words


def is_spread(model: nn.Module) -> bool:
    """Whether the parameters are spread over the processes: by either kind of FSDP, or as distributed tensors."""
    kinds = _known("torch.distributed.tensor", "DTensor")
    return bool(managed_modules(model)) or any(isinstance(held, kinds) for held in model.parameters())


def spread_again(model: nn.Module) -> None:
    """Give up the whole parameters that a forward pass of FSDP2 leaves in place: they are not the optimizer's."""
    for module in _of_kind(model, "FSDPModule"):
        module.reshard()


def managed_modules(model: nn.Module) -> list[Any]:
    """The modules by which the first kind of FSDP wraps others."""
    return _of_kind(model, "FullyShardedDataParallel")


def managed_parameters(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """The parameters that the first kind of FSDP keeps in one piece: the module of each, and its name there."""
    handles = [handle for wrapper in managed_modules(model) if (handle := wrapper._handle) is not None]
    return [
        (each.module, each.param_name)
        for handle in handles
        for each in (*handle.flat_param._param_infos, *handle.flat_param._shared_param_infos)
    ]


@contextmanager
def gathered(model: nn.Module, *, gradients: bool) -> Iterator[None]:
    """Have all of what the first kind of FSDP has spread, in every process; all of them must ask.

    Args:
        model: The network.
        gradients: Whether the gradients, too.
    """
    wrappers = managed_modules(model)
    if not wrappers:
        yield
        return
    with type(wrappers[0]).summon_full_params(model, writeback=False, with_grads=gradients):
        yield


def _of_kind(model: nn.Module, name: str) -> list[Any]:
    kinds = _known("torch.distributed.fsdp", name)
    return [module for module in model.modules() if isinstance(module, kinds)]


def _known(place: str, name: str) -> tuple[type, ...]:
    """A class by its place, if whoever uses it has imported it."""
    found = getattr(sys.modules.get(place), name, None)
    return (found,) if found is not None else ()
