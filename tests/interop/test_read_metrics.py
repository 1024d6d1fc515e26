"""Reading metrics that other tools have logged."""

import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import ReelnetError, UsageError
from reelnet.interop.metric_files import read_metrics


@pytest.mark.parametrize("column", ["step", "Step", "global_step", "_step"])
def test_csv(tmp_path: Path, column: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f"epoch,{column},loss,note\n0,1,0.5,warm\n0,2,,cold\n1,3,nan,\n1,4,0.25,end\n")
    found = read_metrics(file).values
    np.testing.assert_equal(found["loss"], {1: 0.5, 3: math.nan, 4: 0.25})
    assert found["epoch"] == {1: 0, 2: 0, 3: 1, 4: 1}
    assert set(found) == {"epoch", "loss"}


def test_step_column_option(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("batches,loss\n10,0.5\n20,0.4\n")
    assert read_metrics(file, "batches").values == {"loss": {10: 0.5, 20: 0.4}}
    with pytest.raises(
        UsageError, match=r"no column with steps; the columns are batches, loss.*--step-column"
    ):
        read_metrics(file)
    with pytest.raises(UsageError, match="no column 'n'"):
        read_metrics(file, "n")


def test_csv_of_tensorboards_web_page(tmp_path: Path) -> None:
    file = tmp_path / "train_loss.csv"
    file.write_text("Wall time,Step,Value\n1700000000.1,5,0.75\n1700000001.1,6,0.5\n")
    assert read_metrics(file).values == {"train_loss": {5: 0.75, 6: 0.5}}


def test_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(
        '{"step": 1, "loss": 2}\n\n{"step": 2, "loss": 1.5, "text": "x", "ok": true}\n{"note": "no step"}\n'
    )
    assert read_metrics(file).values == {"loss": {1: 2.0, 2: 1.5}, "ok": {2: 1.0}}


def test_trainer_state_of_transformers(tmp_path: Path) -> None:
    file = tmp_path / "trainer_state.json"
    file.write_text(json.dumps({"log_history": [{"step": 5, "loss": 1.0}, {"step": 5, "eval_loss": 2.0}]}))
    assert read_metrics(file).values == {"loss": {5: 1.0}, "eval_loss": {5: 2.0}}


@pytest.mark.parametrize("folder", [True, False])
def test_tensorboard_files(tmp_path: Path, folder: bool) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path))
    for step in range(12000):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
    writer.close()
    found = read_metrics(tmp_path if folder else next(tmp_path.glob("*tfevents*"))).values
    assert list(found) == ["train/loss"]
    assert list(found["train/loss"]) == list(range(12000))
    assert found["train/loss"][3] == 0.25


def test_tensorboard_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorboard", "tensorboard.backend.event_processing.event_accumulator"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ReelnetError, match=r"pip install 'reelnet\[tensorboard\]'"):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.xlsx", b"", "metrics are read from .csv"),
        ("a.csv", b"", "no metrics found"),
        ("a.csv", b"step,loss\n1.5,2\n", r"a.csv:2: step 1.5 is not an integer"),
        ("a.csv", b"step,loss\n-1,2\n", r"a.csv:2: step -1 is not an integer"),
        ("a.csv", b"step,loss\n1,\xff\n", "UTF-8"),
        ("a.jsonl", b'{"step": 1, "loss": 2}\n{"step": \n', r"a.jsonl:2: not JSON"),
        ("a.jsonl", b"[1]\n", r"a.jsonl:1: \[1\] is not an object"),
        ("a.json", b'{"a": 1}', "not a list of objects"),
        ("a.json", b"{", "not JSON"),
        ("a.json", b"[" * 200_000, "nested too deeply"),
        ("a.csv", b"step,loss\n" + b"1" * 200_000 + b",2\n", "not a table"),
        ("a.csv", b"step,loss,loss\n1,2,3\n", "2 columns are named 'loss'"),
        ("a.csv", b"step;loss\n0;1,5\n1000;0,5\n", "'1,5' for 'loss' in line 2 has a decimal comma"),
        ("a.csv", b"step;loss\n0;1.234,5\n", "'1.234,5' for 'loss' in line 2 has a decimal comma"),
        ("a.csv", b'step,loss\n0,3\n"1,000",2\n', "step '1,000' in line 3 has a .* thousands separator"),
        ("a.csv", b"step,loss\n0,1,5\n", "a.csv:2: 3 cells for 2 columns"),
        (
            "a.csv",
            b"step,loss\n,1\n",
            r"no metrics found \(skipped 1 row without a step; the first is line 2; .*: loss\)",
        ),
        ("a.csv", b"step,loss\ninf,1\n", r"a.csv:2: step inf is not an integer"),
    ],
)
def test_invalid_files(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReelnetError, match=expected) as caught:
        read_metrics(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match="no such file"):
        read_metrics(tmp_path / "no.csv")


@pytest.mark.parametrize(
    "text",
    [
        "step,loss\n0,3\n1000,Infinity\n2000,-inf\n",
        "step;loss\n0;3\n1000;inf\n2000;-inf\n",
        "step\tloss\n0\t3\n1000\tinf\n2000\t-inf\n",
        " step , loss \n 0, 3\n 1000, inf\n2000, -inf\n",
        '"step", "loss"\n"0", "3"\n"1000", "inf"\n"2000", "-inf"\n',
        "step,loss,\n0,3,\n\n1000,inf,\n2000,-inf,\n",
        '"loss, mean";step;loss\n;0;3\n;1000;inf\n;2000;-inf\n',
    ],
    ids=["commas", "semicolons", "tabs", "padded", "padded quotes", "ends with commas", "comma in a name"],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_tables_of_all_kinds(tmp_path: Path, text: str, suffix: str) -> None:
    file = tmp_path / f"log{suffix}"
    file.write_text(text)
    assert read_metrics(file).values == {"loss": {0: 3.0, 1000: math.inf, 2000: -math.inf}}


def test_all_that_is_not_used_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        "step,loss,accuracy,name\n0,3,,first\n\nlast,2,,\n,2,,\n10,abc,,\n20,2,0.5,b\n20,1,0.5,\n30,nan,1,\n40,?,1,\n"
    )
    found = read_metrics(file)
    loss, accuracy = {0: 3.0, 20: 1.0, 30: math.nan}, {20: 0.5, 30: 1.0, 40: 1.0}
    np.testing.assert_equal(found.values, {"loss": loss, "accuracy": accuracy})
    assert found.notes == [
        "skipped 2 rows without a step; the first is line 4 ('last')",
        "skipped 1 row without a number; the first is line 6",
        "skipped 2 values that cannot be read as numbers; the first is 'abc' for 'loss' in line 6",
        "replaced 1 value by later ones of the same step; the first is 'loss' of step 20, by line 8",
        "skipped what holds no numbers: name",
    ]


def test_nothing_is_noted_of_a_file_that_is_used_completely(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    # As Lightning writes it: the metrics of a step in two rows.
    file.write_text("epoch,step,train_loss,val_loss\n0,9,0.5,\n0,9,,0.75\n")
    assert read_metrics(file).notes == []


def test_nan_is_a_value_unless_another_row_has_a_number(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,loss,val\n0,nan,1\n0,2,nan\n1,NaN,\n")
    found = read_metrics(file)
    np.testing.assert_equal(found.values, {"loss": {0: 2.0, 1: math.nan}, "val": {0: 1.0}})
    assert found.notes == []


def test_a_list_of_numbers_is_no_decimal_comma(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text('step,loss,kernel\n0,3,"3,3"\n1,2,"3,3 or 5,5"\n')
    assert read_metrics(file).values == {"loss": {0: 3.0, 1: 2.0}}
    file.write_text('step,loss,kernel\n0,3,"3,3"\n1,2,"5,5"\n')
    with pytest.raises(ReelnetError, match=r"'3,3' for 'kernel' in line 2 has a decimal comma .* --only"):
        read_metrics(file)
    assert read_metrics(file, only=["loss"]).values == {"loss": {0: 3.0, 1: 2.0}}


def test_json_of_all_kinds(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    file.write_text(
        '[{"step": 1, "loss": Infinity, "big": 1%s}, {"loss": 1}, {"step": 2, "loss": "x"}]' % ("0" * 400)
    )
    found = read_metrics(file)
    assert found.values == {"loss": {1: math.inf}}
    assert found.notes == [
        "skipped 1 row without a step; the first is entry 2",
        "skipped 1 row without a number; the first is entry 3",
        "skipped 1 value that cannot be read as numbers; the first is 'x' for 'loss' in entry 3",
        "skipped what holds no numbers: big",
    ]


def test_steps_beyond_the_integers_of_floats(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,loss\n9007199254740993,1\n")
    assert read_metrics(file).values == {"loss": {9007199254740993: 1.0}}


def test_tensors_of_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    writer = EventFileWriter(str(tmp_path))
    for step, (name, value) in enumerate(
        [
            ("half", np.float16(0.5)),
            ("double", np.float64(0.1)),
            ("count", np.int64(7)),
            ("map", np.zeros((1,))),
        ]
    ):
        summary = Summary(value=[Summary.Value(tag=name, tensor=make_tensor_proto(value))])
        writer.add_event(Event(step=step, summary=summary))
    writer.close()
    found = read_metrics(tmp_path)
    assert found.values == {"half": {0: 0.5}, "double": {1: 0.1}, "count": {2: 7.0}}
    assert "skipped what holds no numbers: map" in found.notes


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_quote_that_is_not_closed(end: str, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f'step,loss,note\n0,1,ok\n1,2,"cut\n2,3,ok\n3,4,ok{end}')
    with pytest.raises(ReelnetError, match=r"log.csv:3: a quote is not closed, .* up to line 5 "):
        read_metrics(file)
    file.write_text('step,loss,note\n0,1,"two\nlines"\n1,2,ok\n')
    assert read_metrics(file).values == {"loss": {0: 1.0, 1: 2.0}}


def test_two_columns_that_may_be_steps(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,Step,loss\n1,10,0.5\n")
    assert read_metrics(file).values == {"Step": {1: 10.0}, "loss": {1: 0.5}}


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nstep;loss\r\n1;0.5\r\n\r\n2;x\r\n",
        "\ufeffSEP=;\nstep;loss\n1;0.5\n\n2;x\n",
        '"sep=\t"\nstep\tloss\n1\t0.5\n\n2\tx\n',
        "sep=|\nstep|loss\n1|0.5\n\n2|x\n",
        "sep=,\nstep,loss\n1,0.5\n\n2,x\n",
    ],
)
def test_a_first_line_for_excel_names_the_separator(tmp_path: Path, text: str) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(text.encode())
    logged = read_metrics(file)
    assert logged.values == {"loss": {1: 0.5}}
    assert any("line 5" in note for note in logged.notes)


def test_a_pipe_in_a_folder_of_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    os.mkfifo(tmp_path / "events.out.tfevents.1")
    with pytest.raises(UsageError, match=r"tfevents\.1: is a named pipe, not a file"):
        read_metrics(tmp_path)
