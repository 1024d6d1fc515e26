"""Trainings by several processes, started by torchrun: distributed_training.py WHAT FOLDER."""

import datetime
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn

import reelnet
from reelnet import Tap

STEPS = 4

KINDS = ("ddp", "fully_shard", "fsdp", "fsdp-own")


def network() -> Any:
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("conv", nn.Conv2d(1, 4, 3, padding=1))
    model.add_module("norm", nn.BatchNorm2d(4))
    model.add_module("tanh", nn.Tanh())
    model.add_module("flat", nn.Flatten())
    model.add_module("out", nn.Linear(4 * 36, 3))
    return model


def wrapped(kind: str, model: Any) -> Any:
    """The model as it is trained: each process has the whole model, or a shard of each parameter."""
    if kind == "ddp":
        return nn.parallel.DistributedDataParallel(model)
    if kind == "fully_shard":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh("cpu", (2,))
        fully_shard(model.out, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model
    from torch.distributed.fsdp import FullyShardedDataParallel

    options: Any = {"device_id": torch.device("cpu"), "use_orig_params": kind == "fsdp-own"}
    model.out = FullyShardedDataParallel(model.out, **options)
    return FullyShardedDataParallel(model, **options)


def weights(trained: nn.Module) -> dict[str, Tensor]:
    """The whole weights under the names of the unwrapped model; every process must call this."""
    fsdp = sys.modules.get("torch.distributed.fsdp")
    if fsdp is not None and isinstance(trained, fsdp.FullyShardedDataParallel):
        with fsdp.FullyShardedDataParallel.summon_full_params(trained, writeback=False):
            held = {
                name.replace("_fsdp_wrapped_module.", ""): value.clone()
                for name, value in trained.named_parameters()
            }
            held |= {
                name.replace("_fsdp_wrapped_module.", ""): value.clone()
                for name, value in trained.named_buffers()
            }
            return held
    return {
        name.removeprefix("module."): (value.full_tensor() if hasattr(value, "full_tensor") else value)
        .detach()
        .clone()
        for name, value in trained.state_dict().items()
    }


def train(kind: str, folder: Path, recorded: str) -> None:
    rank = distributed.get_rank()
    trained = wrapped(kind, network())
    optimizer = torch.optim.SGD(trained.parameters(), 0.3)
    generator = torch.Generator().manual_seed(7 + rank)
    samples = torch.rand(5, 1, 6, 6, generator=torch.Generator().manual_seed(3))

    def step() -> Tensor:
        loss: Tensor = trained(torch.rand(8, 1, 6, 6, generator=generator)).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss

    kept = [weights(trained)]
    if recorded == "no":
        for _ in range(STEPS):
            optimizer.zero_grad()
            step()
            kept.append(weights(trained))
    else:
        taps: Any = ["conv", "out", Tap.weight("out")]
        if kind != "fsdp":
            taps.append(Tap.grad("out"))
        else:
            store_refusal(trained, samples, folder)
        # Only the decision of rank 0 counts.
        every = (lambda step: step != 2) if rank == 0 else (lambda step: 1 / 0)
        with reelnet.Recorder(
            folder / "run", trained, samples=samples, taps=taps, every=every, on_error="raise"
        ) as recorder:
            for _ in range(STEPS):
                optimizer.zero_grad()
                recorder.step(loss=step())
                kept.append(weights(trained))
    if rank == 0:
        torch.save((samples, kept), folder / f"{recorded}.pt")


def store_refusal(trained: nn.Module, samples: Tensor, folder: Path) -> None:
    """Store the error that each process gets for gradients that do not exist."""
    try:
        reelnet.Recorder(folder / "refused", trained, samples=samples, taps=["out", Tap.grad("out")])
    except reelnet.ReelnetError as error:
        (folder / f"refused-{distributed.get_rank()}.txt").write_text(str(error))


FAILURES = {
    "first": [0],
    "second": [1],
    "all": [0, 1],
    "entry": [],
    "taps": [],
    "midway": [1],
    "together": [0, 1],
}
"""The ranks that fail in the third forward pass on the samples; `entry` and `taps` fail at the start."""


passes = 0
"""The number of forward passes on the samples."""


class ImpatientRecorder(reelnet.Recorder):
    sync_timeout = datetime.timedelta(seconds=3)


def fail(name: str, folder: Path, recorder_class: type[reelnet.Recorder] = reelnet.Recorder) -> None:
    """Train and fail; each process stores its error, or that it continued."""
    global passes
    rank, passes = distributed.get_rank(), 0
    trained = wrapped("fully_shard", network())

    def third() -> None:
        global passes
        passes += not trained.training
        if passes == 3 and not trained.training and rank in FAILURES[name]:
            raise RuntimeError("no more room")

    def then(values: Tensor) -> Tensor:
        third()
        return values

    within = name in ("midway", "together")
    if within:
        trained.get_submodule("tanh").forward = then
    taken = folder / "run" / "mine.txt"
    if name == "entry" and rank == 0:
        taken.parent.mkdir()
        taken.write_text("mine")
    taps: Any = ["conv" if within else Tap("conv", then=then)]
    message = "continued"
    try:
        with recorder_class(
            folder / "run",
            trained,
            samples=torch.rand(5, 1, 6, 6),
            taps=["out"] if name == "taps" and rank else taps,
        ) as recorder:
            for _ in range(STEPS):
                trained(torch.rand(8, 1, 6, 6)).sum().backward()
                recorder.step()
    except reelnet.ReelnetError as error:
        message = str(error)
    (folder / f"{rank}.txt").write_text(message)


def main(what: str, folder: Path) -> None:
    if what == "train":
        for kind in KINDS:
            for recorded in ("yes", "no"):
                train(kind, folder / kind, recorded)
    elif what == "fail":
        for name in sorted(FAILURES.keys() - {"midway"}):
            fail(name, folder / name)
    else:
        fail("midway", folder, ImpatientRecorder)


if __name__ == "__main__":
    patience = datetime.timedelta(seconds=6 if sys.argv[1] == "midway" else 60)
    distributed.init_process_group("gloo", timeout=patience)
    main(sys.argv[1], Path(sys.argv[2]))
    distributed.destroy_process_group()
