"""Models whose state is held by built-in functions, classes, C data and odd tensors and arrays."""

from __future__ import annotations

import ctypes
import enum
import multiprocessing
import random
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.record.probe.stateful import Stateful


class BoundBuiltins(Stateful):
    """Holds generators and a list by their methods only."""

    def start(self) -> Any:
        seen: list[int] = []
        return np.random.default_rng(0).normal, random.Random(0).random, seen.append, seen.__len__

    def change(self, maps: Tensor) -> Any:
        normal, uniform, append, count = self.memory
        append(1)
        return float(normal()) + uniform() + count()

    def observe(self) -> Any:
        return self.memory[1].__self__.getstate(), self.memory[3]()


class HeldClass(Stateful):
    """Counts in a class that it holds in a dictionary."""

    def start(self) -> Any:
        return {"counts": type("Counts", (), {"calls": 0, "seen": [0]})}

    def change(self, maps: Tensor) -> Any:
        counts = self.memory["counts"]
        counts.calls += 1
        counts.seen[0] += 1
        return counts.calls + counts.seen[0]

    def observe(self) -> Any:
        return self.memory["counts"].calls, self.memory["counts"].seen[0]


class Mood(enum.Enum):
    GOOD = "good"


class AttributesOfOddObjects(Stateful):
    """Counts in an enum member, and in data of a thread."""

    def start(self) -> Any:
        Mood.GOOD.calls = 0  # type: ignore[attr-defined]
        local = threading.local()
        local.calls = 0
        return Mood.GOOD, local

    def change(self, maps: Tensor) -> Any:
        for held in self.memory:
            held.calls += 1
        return self.memory[0].calls

    def observe(self) -> Any:
        return [held.calls for held in self.memory]


class CData(Stateful):
    def start(self) -> Any:
        return SimpleNamespace(number=ctypes.c_int(0), shared=multiprocessing.Value("i", 0))

    def change(self, maps: Tensor) -> Any:
        self.memory.number.value += 1
        self.memory.shared.value += 1
        return self.memory.number.value + self.memory.shared.value

    def observe(self) -> Any:
        return self.memory.number.value, self.memory.shared.value


def make_property() -> Any:
    calls = [0]

    def count(self: object) -> int:
        calls[0] += 1
        return calls[0]

    return property(count)


class PropertyWithAClosure(Stateful):
    def start(self) -> Any:
        self.calls = 0
        return type("Counting", (), {"count": make_property()})()

    def change(self, maps: Tensor) -> Any:
        self.calls = self.memory.count
        return self.calls

    def observe(self) -> Any:
        return self.calls


class NewFunctionAttribute(Stateful):
    def start(self) -> Any:
        def function() -> None: ...

        return function

    def change(self, maps: Tensor) -> Any:
        self.memory.calls = getattr(self.memory, "calls", 0) + 1
        return self.memory.calls

    def observe(self) -> Any:
        return dict(vars(self.memory))


class Congruential(random.Random):
    """A generator with a state of its own kind."""

    def __init__(self) -> None:
        super().__init__(0)
        self.number = 1

    def random(self) -> float:
        self.number = self.number * 16807 % 2147483647
        return self.number / 2147483647

    def getstate(self) -> Any:
        return self.number

    def setstate(self, state: Any) -> None:
        self.number = state


class OwnRandom(Stateful):
    def start(self) -> Any:
        return Congruential()

    def change(self, maps: Tensor) -> Any:
        return self.memory.random()

    def observe(self) -> Any:
        return self.memory.number


class OddArrays(Stateful):
    """Changes objects in a structured array, and makes another array longer in place."""

    def start(self) -> Any:
        records = np.zeros(1, dtype=[("number", "f8"), ("held", "O")])
        records["held"][0] = [0]
        return records, np.zeros(1)

    def change(self, maps: Tensor) -> Any:
        records, longer = self.memory
        records["held"][0][0] += 1
        longer.resize(len(longer) + 1, refcheck=False)
        longer += 1
        return records["held"][0][0] + float(longer.sum())

    def observe(self) -> Any:
        return self.memory[0]["held"][0][0], self.memory[1].tolist()


class OddTensors(Stateful):
    """Writes to an expanded tensor, and to a sparse one, which gets more values."""

    def start(self) -> Any:
        return torch.zeros(1, 1).expand(1, 5), torch.zeros(3, 3).to_sparse()

    def change(self, maps: Tensor) -> Any:
        expanded, sparse = self.memory
        expanded[:, :1] += 1
        sparse.add_(torch.eye(3).to_sparse())
        return expanded.sum() + sparse.to_dense().sum()

    def observe(self) -> Any:
        return [each.to_dense().tolist() for each in self.memory]


FOREIGN_KINDS: dict[str, Callable[[], nn.Module]] = {
    kind.__name__: kind
    for kind in (
        BoundBuiltins,
        HeldClass,
        AttributesOfOddObjects,
        CData,
        PropertyWithAClosure,
        NewFunctionAttribute,
        OwnRandom,
        OddArrays,
        OddTensors,
    )
}
"""All kinds of state by name."""
