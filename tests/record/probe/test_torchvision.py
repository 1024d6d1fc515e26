"""Well-known networks: those of torchvision, with random weights and small inputs."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import Tap, TapSpec
from reelnet.reel import Run
from tests.record.probe.test_zoo import collect_outputs


@dataclass(frozen=True)
class Network:
    """A network, and the layouts of its layers: maps, last (channels last), tokens, vector, or a key."""

    make: str
    side: int
    layers: dict[str, str]
    taps: tuple[TapSpec, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()


NETWORKS = {
    "AlexNet": Network("alexnet", 64, {"features.0": "maps", "features.1": "maps", "classifier.6": "vector"}),
    "VGG11": Network("vgg11", 32, {"features.18": "maps", "features.19": "maps"}),
    "ResNet18": Network(
        "resnet18", 32, {"layer1.0.relu": "maps", "layer1.0.relu#2": "maps", "layer2": "maps", "fc": "vector"}
    ),
    "DenseNet": Network(
        "densenet121", 32, {"features.denseblock1.denselayer2.conv2": "maps", "features.norm5": "maps"}
    ),
    "EfficientNet": Network(
        "efficientnet_b0", 32, {"features.1": "maps", "features.3.1.stochastic_depth": "maps"}
    ),
    "Swin": Network("swin_t", 64, {"features.0": "last", "features.1.0.mlp": "last", "features.3": "last"}),
    "ViT": Network(
        "vit_b_16",
        64,
        {"conv_proj": "maps", "encoder.layers.encoder_layer_1": "tokens"},
        (),
        (("image_size", 64),),
    ),
    "LR-ASPP": Network(
        "lraspp_mobilenet_v3_large",
        64,
        {"backbone": "high", "classifier": "maps"},
        (Tap("backbone", key="high"), "classifier"),
        (("weights_backbone", None),),
    ),
}


def expected_maps(output: Any, form: str) -> dict[str, Tensor]:
    """What the run should hold of an output, by the suffix of its name."""
    match form:
        case "last":
            return {"": output.permute(0, 3, 1, 2)}
        case "vector":
            return {"": output[:, :, None, None]}
        case "tokens":
            side = round((output.shape[1] - 1) ** 0.5)
            maps = output[:, 1:].transpose(1, 2).unflatten(2, (side, side))
            return {".class": output[:, :1, None], "": maps}
        case "maps":
            return {"": output}
    return {"": output[form]}


@pytest.mark.parametrize("name", NETWORKS)
def test_recorded_values_equal_those_of_a_checkpoint(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name]
    torch.manual_seed(0)
    model: nn.Module = models.get_model(network.make, weights=None, **dict(network.options)).train()
    samples, kept = torch.rand(2, 3, network.side, network.side), []
    with Recorder(
        tmp_path / "run", model, samples=samples, taps=network.taps or list(network.layers), on_error="raise"
    ) as recorder:
        for step in range(2):
            if step:
                with torch.no_grad():
                    for held in model.parameters():
                        held.mul_(1.01)
                recorder.step()
            twin = copy.deepcopy(model).eval()
            with (
                torch.no_grad(),
                collect_outputs(twin, {path.partition("#")[0] for path in network.layers}) as outputs,
            ):
                twin(samples)
            kept.append(outputs)
    run = Run(tmp_path / "run")
    for step, outputs in enumerate(kept):
        for layer, form in network.layers.items():
            path, _, call = layer.partition("#")
            for end, values in expected_maps(outputs[path][int(call or 1) - 1], form).items():
                read = run.read(f"{layer}{end}", step)[0]
                assert read.shape == tuple(values.shape)
                np.testing.assert_allclose(read, values.numpy(), rtol=1e-5, atol=1e-6, err_msg=layer + end)
    last = list(network.layers)[-1]
    shown = run.reel("plain", layer=last, settings=["panels.channels.show=0"]).frame(1)
    assert len(shown.getcolors(1 << 20) or ()) > 3
