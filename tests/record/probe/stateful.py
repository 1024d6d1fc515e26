"""Models whose forward pass changes something that torch does not know, or changes parameters."""

from __future__ import annotations

import array
import functools
import io
import random
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

import reelnet


class Stateful(nn.Module):
    """A small network whose output depends on state, which each forward pass changes."""

    fails_in_probe = False

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.head = nn.Linear(72, 2)
        self.memory: Any = self.start()

    def start(self) -> Any:
        """Return the state at first."""

    def change(self, maps: Tensor) -> Any:
        """Change the state; return a number that depends on it."""
        raise NotImplementedError

    def observe(self) -> Any:
        """Return the state as a value that can be compared."""
        return self.memory

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x)
        factor = self.change(maps.detach())
        if self.fails_in_probe and reelnet.probing():
            raise ArithmeticError("no more")
        return cast(Tensor, self.head(maps.flatten(1)) * (1 + 0.1 * factor))


class PlainTensor(Stateful):
    def start(self) -> Any:
        return torch.zeros(2)

    def change(self, maps: Tensor) -> Any:
        self.memory.mul_(0.9).add_(maps.mean((0, 2, 3)))
        return self.memory.sum()

    def observe(self) -> Any:
        return self.memory.tolist()


class NestedTensors(Stateful):
    def start(self) -> Any:
        return {"means": [torch.zeros(2), (torch.zeros(3, requires_grad=True),)]}

    def change(self, maps: Tensor) -> Any:
        first, (second,) = self.memory["means"]
        first.add_(maps.mean())
        with torch.no_grad():
            second.add_(1)
        return first.sum() + second.detach().sum()

    def observe(self) -> Any:
        first, (second,) = self.memory["means"]
        return first.tolist(), second.tolist()


class ReplacedTensor(PlainTensor):
    def change(self, maps: Tensor) -> Any:
        self.memory.data = self.memory + maps.mean()
        return self.memory.sum()


class BfloatTensor(PlainTensor):
    def start(self) -> Any:
        return torch.zeros(2, dtype=torch.bfloat16)


class NumpyArray(Stateful):
    def start(self) -> Any:
        return np.array([1.0, np.nan])

    def change(self, maps: Tensor) -> Any:
        self.memory += float(maps.mean())
        return self.memory[0]

    def observe(self) -> Any:
        return self.memory.tobytes()


class ObjectArray(Stateful):
    def start(self) -> Any:
        return np.array([[0], {"calls": 0}], dtype=object)

    def change(self, maps: Tensor) -> Any:
        self.memory[0].append(1)
        self.memory[1]["calls"] += 1
        return len(self.memory[0]) + self.memory[1]["calls"]

    def observe(self) -> Any:
        return repr(self.memory)


class NumpyGenerator(Stateful):
    def start(self) -> Any:
        return np.random.default_rng(0)

    def change(self, maps: Tensor) -> Any:
        return self.memory.random()

    def observe(self) -> Any:
        return self.memory.bit_generator.state


class NumpyMersenne(NumpyGenerator):
    def start(self) -> Any:
        return np.random.Generator(np.random.MT19937(3))

    def observe(self) -> Any:
        return repr(self.memory.bit_generator.state)


class NumpyRandomState(Stateful):
    def start(self) -> Any:
        return np.random.RandomState(0)

    def change(self, maps: Tensor) -> Any:
        return self.memory.normal()

    def observe(self) -> Any:
        return repr(self.memory.get_state())


class PythonRandom(Stateful):
    def start(self) -> Any:
        return [{"noise": random.Random(0)}]

    def change(self, maps: Tensor) -> Any:
        return self.memory[0]["noise"].gauss(0, 1)

    def observe(self) -> Any:
        return self.memory[0]["noise"].getstate()


class TorchGenerators(Stateful):
    def start(self) -> Any:
        return [torch.Generator().manual_seed(0), torch.Generator().manual_seed(1)]

    def change(self, maps: Tensor) -> Any:
        return sum(torch.rand((), generator=each) for each in self.memory)

    def observe(self) -> Any:
        return [each.get_state().tolist() for each in self.memory]


class Sobol(Stateful):
    def start(self) -> Any:
        return torch.quasirandom.SobolEngine(2, scramble=True, seed=1)  # type: ignore[no-untyped-call]

    def change(self, maps: Tensor) -> Any:
        return self.memory.draw(1).sum()

    def observe(self) -> Any:
        return self.memory.num_generated, self.memory.quasi.tolist()


class NestedLists(Stateful):
    def start(self) -> Any:
        return [[0.0], [[1.0]]]

    def change(self, maps: Tensor) -> Any:
        self.memory[1][0].append(float(maps.mean()))
        self.memory[0][0] += 1
        return sum(self.memory[1][0]) + self.memory[0][0]


class NestedDicts(Stateful):
    def start(self) -> Any:
        return {"a": {"b": defaultdict(list)}, "seen": Counter()}

    def change(self, maps: Tensor) -> Any:
        self.memory["a"]["b"][len(self.memory["a"]["b"])].append(1)
        self.memory["seen"].update("ab")
        return len(self.memory["a"]["b"]) + self.memory["seen"]["a"]


class Ordered(Stateful):
    def start(self) -> Any:
        return OrderedDict.fromkeys("abc", 1)

    def change(self, maps: Tensor) -> Any:
        first = next(iter(self.memory))
        self.memory.move_to_end(first)
        return ord(first)

    def observe(self) -> Any:
        return list(self.memory.items())


class SetOfNumbers(Stateful):
    def start(self) -> Any:
        return ({1, 2}, frozenset("a"))

    def change(self, maps: Tensor) -> Any:
        self.memory[0].add(len(self.memory[0]) + 1)
        return len(self.memory[0])


class BoundedDeque(Stateful):
    def start(self) -> Any:
        return {"last": deque([0.0], maxlen=3)}

    def change(self, maps: Tensor) -> Any:
        self.memory["last"].append(float(maps.mean()))
        return sum(self.memory["last"])


class Tally:
    """Counts, alone and for all."""

    in_all = 0
    parts: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.calls, self.me = 0, self

    def count(self) -> int:
        self.calls += 1
        return self.calls


class ObjectInACycle(Stateful):
    def start(self) -> Any:
        return Tally()

    def change(self, maps: Tensor) -> Any:
        return self.memory.me.me.count()

    def observe(self) -> Any:
        return self.memory.calls, self.memory.me is self.memory


@dataclass(slots=True)
class Slotted:
    values: list[float] = field(default_factory=list)
    calls: int = 0


class ObjectWithSlots(Stateful):
    def start(self) -> Any:
        return Slotted()

    def change(self, maps: Tensor) -> Any:
        self.memory.values.append(float(maps.mean()))
        self.memory.calls += 1
        return self.memory.calls + sum(self.memory.values)

    def observe(self) -> Any:
        return self.memory.values, self.memory.calls


class SharedObject(Stateful):
    def start(self) -> Any:
        shared = [0]
        return {"one": shared, "other": [shared]}

    def change(self, maps: Tensor) -> Any:
        self.memory["one"][0] += 1
        return self.memory["other"][0][0]

    def observe(self) -> Any:
        return self.memory, self.memory["one"] is self.memory["other"][0]


class Ring(list[float]):
    """A list with an attribute."""

    position = 0


class DerivedList(Stateful):
    def start(self) -> Any:
        return Ring([0.0, 0.0, 0.0])

    def change(self, maps: Tensor) -> Any:
        self.memory[self.memory.position] = float(maps.mean())
        self.memory.position = (self.memory.position + 1) % 3
        return sum(self.memory) + self.memory.position

    def observe(self) -> Any:
        return list(self.memory), self.memory.position


class Bytes(Stateful):
    def start(self) -> Any:
        return bytearray(2), array.array("d", [0.0]), io.BytesIO(b"abc"), io.StringIO()

    def change(self, maps: Tensor) -> Any:
        some, numbers, file, text = self.memory
        some[0] += 1
        numbers[0] += float(maps.mean())
        file.read(1)
        text.write("more")
        return some[0] + numbers[0] + file.tell() + len(text.getvalue())

    def observe(self) -> Any:
        some, numbers, file, text = self.memory
        return bytes(some), list(numbers), file.tell(), text.getvalue()


class ClassAttributes(Stateful):
    total = 0
    history: ClassVar[list[int]] = []

    def start(self) -> Any:
        type(self).total, Tally.in_all = 0, 0
        self.history.clear()
        Tally.parts.clear()
        return Tally()

    def change(self, maps: Tensor) -> Any:
        type(self).total += 1
        Tally.in_all += 1
        self.history.append(self.total)
        Tally.parts.append(Tally.in_all)
        return self.total + len(self.history) + Tally.in_all + len(Tally.parts)

    def observe(self) -> Any:
        return self.total, list(self.history), Tally.in_all, list(Tally.parts)


class NewClassAttribute(Stateful):
    def start(self) -> Any:
        if "late" in vars(type(self)):
            delattr(type(self), "late")

    def change(self, maps: Tensor) -> Any:
        kind: Any = type(self)
        kind.late = getattr(kind, "late", 0) + 1
        return kind.late

    def observe(self) -> Any:
        return vars(type(self)).get("late")


def make_counter() -> Callable[[], int]:
    calls, seen = 0, list[int]()

    def count() -> int:
        nonlocal calls
        calls += 1
        seen.append(calls)
        return calls + len(seen)

    return count


class Closure(Stateful):
    def start(self) -> Any:
        return make_counter()

    def change(self, maps: Tensor) -> Any:
        return self.memory()

    def observe(self) -> Any:
        return [repr(cell.cell_contents) for cell in self.memory.__closure__]


def remember(value: float, seen: list[float]) -> float:
    seen.append(value)
    return sum(seen)


class Partial(Stateful):
    def start(self) -> Any:
        return functools.partial(remember, seen=[])

    def change(self, maps: Tensor) -> Any:
        return self.memory(float(maps.mean()))

    def observe(self) -> Any:
        return self.memory.keywords["seen"]


class BoundMethod(Stateful):
    def start(self) -> Any:
        return Tally().count

    def change(self, maps: Tensor) -> Any:
        return self.memory()

    def observe(self) -> Any:
        return self.memory.__self__.calls


def counted(function: Callable[[Any, Tensor], Any]) -> Callable[[Any, Tensor], Any]:
    calls = [0]

    @functools.wraps(function)
    def wrapper(self: Any, maps: Tensor) -> Any:
        calls[0] += 1
        return function(self, maps) + calls[0]

    wrapper.calls = calls  # type: ignore[attr-defined]
    return wrapper


class DecoratedMethod(Stateful):
    def start(self) -> Any:
        self.change.calls[0] = 0  # type: ignore[attr-defined]

    @counted
    def change(self, maps: Tensor) -> Any:
        return 0

    def observe(self) -> Any:
        return self.change.calls[0]  # type: ignore[attr-defined]


class DefaultArgument(Stateful):
    def start(self) -> Any:
        self.recall.__defaults__[0].clear()  # type: ignore[index]

    def recall(self, value: float, seen: list[float] = []) -> float:  # noqa: B006
        seen.append(value)
        return sum(seen)

    def change(self, maps: Tensor) -> Any:
        return self.recall(float(maps.mean()))

    def observe(self) -> Any:
        return self.recall.__defaults__


class HiddenModule(Stateful):
    """Keeps a network with moving statistics where torch does not see it."""

    def start(self) -> Any:
        return [nn.Sequential(nn.BatchNorm2d(2), nn.Dropout(0.5))]

    def change(self, maps: Tensor) -> Any:
        return self.memory[0](maps).mean() + self.memory[0][0].running_mean.sum()

    def observe(self) -> Any:
        return [value.tolist() for value in self.memory[0].state_dict().values()]


class MaxNorm(Stateful):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 3, max_norm=0.5)

    def change(self, maps: Tensor) -> Any:
        return self.words(torch.arange(3)).mean()

    def observe(self) -> Any:
        return self.words.weight.tolist()


class MovingAverage(Stateful):
    """Moves the weights of a second network towards those of the first, as momentum contrast does."""

    def __init__(self) -> None:
        super().__init__()
        self.target = nn.Conv2d(1, 2, 3)

    def change(self, maps: Tensor) -> Any:
        for own, other in zip(self.target.parameters(), self.conv.parameters(), strict=True):
            own.data = own.data * 0.9 + other.data * 0.1
        return self.target.weight.sum().detach()

    def observe(self) -> Any:
        return self.target.weight.tolist()


class MovingAverageInPlace(MovingAverage):
    def change(self, maps: Tensor) -> Any:
        for own, other in zip(self.target.parameters(), self.conv.parameters(), strict=True):
            own.data.mul_(0.9).add_(other.data, alpha=0.1)
        return self.target.weight.sum().detach()


class Freezing(Stateful):
    def start(self) -> Any:
        return [0]

    def change(self, maps: Tensor) -> Any:
        self.memory[0] += 1
        self.conv.bias.requires_grad_(self.memory[0] % 2 == 0)  # type: ignore[union-attr]
        return self.memory[0]

    def observe(self) -> Any:
        return self.memory[0], [held.requires_grad for held in self.parameters()]


class BufferWithOtherMemory(Stateful):
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))

    def change(self, maps: Tensor) -> Any:
        self.mean.data = torch.cat([self.mean.data, maps.mean()[None]])
        return self.mean.sum()

    def observe(self) -> Any:
        return self.mean.tolist()


class OtherGradients(Stateful):
    def change(self, maps: Tensor) -> Any:
        bias = self.conv.bias
        if bias is None:
            raise AssertionError("no bias")
        bias.grad = torch.zeros_like(bias) if bias.grad is None else bias.grad + 1
        return 0

    def observe(self) -> Any:
        return self.conv.bias is not None and self.conv.bias.grad is not None and self.conv.bias.grad.tolist()


class SelfMade(Stateful):
    """Adds and exchanges modules, hooks and attributes of modules."""

    def change(self, maps: Tensor) -> Any:
        self.register_buffer("late", torch.zeros(1), persistent=False)
        count = len(list(self.children()))
        self.add_module(f"more{count}", nn.Identity())
        self.conv.calls = getattr(self.conv, "calls", 0) + 1  # type: ignore[assignment]
        return count

    def observe(self) -> Any:
        names = [name for name, _ in self.named_children()]
        return names, sorted(self._non_persistent_buffers_set), getattr(self.conv, "calls", 0)


KINDS: dict[str, type[Stateful]] = {
    kind.__name__: kind
    for kind in (
        PlainTensor,
        NestedTensors,
        ReplacedTensor,
        BfloatTensor,
        NumpyArray,
        ObjectArray,
        NumpyGenerator,
        NumpyMersenne,
        NumpyRandomState,
        PythonRandom,
        TorchGenerators,
        Sobol,
        NestedLists,
        NestedDicts,
        Ordered,
        SetOfNumbers,
        BoundedDeque,
        ObjectInACycle,
        ObjectWithSlots,
        SharedObject,
        DerivedList,
        Bytes,
        ClassAttributes,
        NewClassAttribute,
        Closure,
        Partial,
        BoundMethod,
        DecoratedMethod,
        DefaultArgument,
        HiddenModule,
        MaxNorm,
        MovingAverage,
        MovingAverageInPlace,
        Freezing,
        BufferWithOtherMemory,
        OtherGradients,
        SelfMade,
    )
}
"""All kinds of state by name."""
