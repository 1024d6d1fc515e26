"""The words of a run that templates can name: layers, samples, classes, metrics, and the fields of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reelnet.runs.header import TapInfo, TapKind, displayable_layers
from reelnet.runs.run import RunReader
from reelnet.scene.context import SceneContext

FIELDS: Mapping[str, str] = {
    "layer": "The name of the layer.",
    "layer_name": "The name of the layer, with `layer` before a name without letters.",
    "network": "What the run says about the model, or `a network`.",
    "inputs": "What the samples are, such as `ten digits`.",
    "naming": "A title for samples among answers.",
    "changing": "A title for several moments of the layer.",
    "seen": "What is seen of the layer.",
    "shown": "What rows and columns are.",
    "order": "In which order the channels are.",
    "cell": "What a cell shows, in short.",
    "picture": "What a cell shows, as a sentence.",
    "colors": "What the colors of all layers mean.",
    "channels": "Number of channels that are shown.",
    "samples": "Number of samples that are shown.",
    "rows": "What rows are.",
    "columns": "What columns are.",
    "height": "Rows of a map.",
    "width": "Columns of a map.",
    "step:,": "The current training step.",
    "first_step": "The first recorded step.",
    "last_step": "The last recorded step.",
    "right": "How many of the samples the network is right about now.",
}
"""The fields of texts with what each gives. Metrics and the beginning of a caption come on top."""


@dataclass(frozen=True)
class RunWords:
    """What a template can name in a run.

    Attributes:
        layers: The layers of maps, each with its shape in words.
        taps: Everything recorded, each with its shape in words.
        labels: The label of each sample; None if the run has none.
        samples: Number of samples.
        classes: Names of the classes.
        metrics: Names of the metrics.
        steps: The recorded steps.
        values: Values of the fields of texts, where a layout is known.
    """

    layers: Mapping[str, str]
    taps: Mapping[str, str]
    labels: Sequence[str] | None
    samples: int
    classes: Sequence[str]
    metrics: Sequence[str]
    steps: Sequence[int]
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, run: RunReader, context: SceneContext | None = None) -> RunWords:
        """Collect the words of a run.

        Args:
            run: The run.
            context: A scene of it, for the values of fields.
        """
        taps = {name: _describe_tap(tap) for name, tap in run.taps.items()}
        return cls(
            {name: taps[name] for name in displayable_layers(run.taps)},
            taps,
            run.labels,
            len(run.samples),
            run.classes or (),
            [*run.metrics],
            run.steps,
            {} if context is None else context.text_fields,
        )


def _describe_tap(tap: TapInfo) -> str:
    shape = " × ".join(map(str, tap.shape))
    return shape if tap.kind is TapKind.ACTIVATION else f"{tap.kind.value}, {shape}"
