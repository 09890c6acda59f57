"""A model of a user's own classes shows its labels everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from monitor.cli.main import main
from monitor.core.errors import ConfigError, ModelError
from monitor.core.labels import EMOTIONS, OWN, UNKNOWN, fault_of
from monitor.core.types import Face
from monitor.networks.card import load_card
from monitor.networks.load import _require_labels
from monitor.outputs.drawing import palette
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.live.dashboard import Dashboard, Shown
from monitor.outputs.live.web.hub import Hub
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.table import TableSink
from monitor.outputs.remote.homeassistant import device_config
from monitor.outputs.remote.state import state_of
from monitor.outputs.report.page import render
from monitor.run.assembly import build
from monitor.settings.config import DisplayConfig, OutputConfig, load
from tests.fakes import Clock, Scripted, ScriptedDetector, ScriptedEmotion, face, frame, picture, result, square

LABELS = ("wink", "tongue out", "plain")
PROBS = np.array([0.1, 0.7, 0.2], np.float32)


def own(label: str = "tongue out", probs: np.ndarray = PROBS) -> Face:
    return replace(face(1), label=label, probs=probs, raw=probs, confidence=float(probs.max()), labels=LABELS)


class Winking(ScriptedEmotion):
    """A scripted network with three labels."""

    @property
    def labels(self) -> tuple[str, ...]:
        return LABELS


def test_the_pipeline_names_its_faces_by_the_models_labels() -> None:
    net = Winking(lambda t: PROBS)
    networks = Scripted(ScriptedDetector(lambda t: [square(300, 240, 120)]), net)
    pipeline = build(load(None, ["detect.follow=false", "track.confirm_hits=1"])[0], networks)  # type: ignore[arg-type]
    shown = [face for n in range(8) for face in pipeline.step(frame(n / 5, n, picture())).faces]
    assert {face.label for face in shown} == {"tongue out"}
    assert shown[0].labels == LABELS
    assert shown[0].probs.shape == (3,)


def test_table_report_and_terminal_have_their_columns(tmp_path: Path) -> None:
    assert [column.name for column in columns()][13:20] == list(EMOTIONS)
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), columns(labels=LABELS))
    for n in range(40):
        sink.handle(result(n / 4, [own() if n < 30 else own("wink", PROBS[[1, 0, 2]])], n))
    sink.close([])
    head, first = (tmp_path / "faces.csv").read_text().splitlines()[:2]
    assert "confidence,wink,tongue out,plain,raw_emotion" in head
    assert "tongue out,0.7000,0.1000,0.7000,0.2000,tongue out" in first
    (tmp_path / "metadata.json").write_text("{}")
    page = render([tmp_path])
    assert "tongue out 77%" in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["charts"][0]["labels"] == list(LABELS)
    assert len(data["charts"][0]["colors"]) == 3
    console = Console(width=100, force_terminal=True, color_system="standard")
    view = Dashboard(console, Shown("clip", 0, "x", labels=LABELS), Annotator(DisplayConfig()).history, Clock())
    view.update(result(1.0, [own()]), StatsSink())
    with console.capture() as shown:
        console.print(view.view(100))
    assert "plain" in shown.get()
    assert "tongue out 70%" in shown.get()


def test_sessions_of_two_models_are_compared(tmp_path: Path) -> None:
    for name, labels, shown in (("a", LABELS, own()), ("b", EMOTIONS, face())):
        (tmp_path / name).mkdir()
        sink = TableSink(tmp_path / name / "faces.csv", "S", OutputConfig(), columns(labels=labels))
        for n in range(8):
            sink.handle(result(n / 4, [shown], n))
        sink.close([])
    page = render([tmp_path / "a", tmp_path / "b"])
    assert "<th>tongue out</th>" in page
    assert "<th>happy</th>" in page


@pytest.mark.parametrize("detail", ["calm", "full"])
def test_they_are_drawn_in_colors_of_their_own(detail: str) -> None:
    annotator = Annotator(DisplayConfig())
    drawn = [annotator.annotate(result(n / 4, [own()], n, picture()), detail) for n in range(20)]  # type: ignore[arg-type]
    assert (drawn[-1] != picture()).any()
    hexes = palette.hexes(LABELS)
    assert list(hexes) == [*LABELS, UNKNOWN]
    assert len(set(hexes.values())) == 4
    assert palette.hexes(("happy", "wink"))["happy"] == palette.EMOTION_HEX["happy"]
    assert palette.hexes(EMOTIONS) == palette.EMOTION_HEX


def test_web_page_and_mqtt_name_them() -> None:
    hub = Hub(Clock(), LABELS)
    assert hub.state()["labels"] == list(LABELS)
    hub.put(result(1.0, [own()]))
    assert hub.state()["faces"][0]["probs"] == {"wink": 0.1, "tongue out": 0.7, "plain": 0.2}
    sent = state_of(result(1.0, [own()]), own())
    assert sent["main_face"]["distribution"] == {"wink": 0.1, "tongue out": 0.7, "plain": 0.2}
    options = device_config("x", driver=False, labels=LABELS)["components"]["expression"]["options"]
    assert options == list(LABELS)


def test_settings_that_need_the_seven_expressions_are_refused() -> None:
    own_model = ["emotion.model=my.tflite"]
    for settings, told in (
        (["driver.enabled=true"], "driver.enabled needs the seven expressions"),
        (["emotion.baseline=auto"], "emotion.baseline needs the seven expressions"),
        (["alerts.expression=happy"], "must be some of wink, tongue out, plain with my.tflite"),
    ):
        with pytest.raises(ConfigError, match=told):
            _require_labels(load(None, own_model + settings)[0], LABELS)
    _require_labels(load(None, [*own_model, "alerts.expression=[tongue out]"])[0], LABELS)
    with pytest.raises(ConfigError, match="must be a list of angry"):
        load(None, ["alerts.expression=wink"])
    with pytest.raises(ConfigError, match="label quality is the name of another column"):
        columns(labels=("quality", "wink"))


@pytest.mark.parametrize(
    ("labels", "told"),
    [(("a",), "2 to 20 classes"), (("a", "A"), "same name"), (("a", "unknown"), "not unknown"),
     (("a", "b,c"), "letters"), (("a", "<b>"), "letters"), (tuple(f"c{n}" for n in range(21)), "2 to 20"),
     (("a", ""), "letters")],
)  # fmt: skip
def test_names_that_cannot_be_labels(labels: tuple[str, ...], told: str) -> None:
    assert told in fault_of(labels)
    assert fault_of(LABELS) == ""


def test_only_a_card_of_that_name_may_have_other_labels(tmp_path: Path) -> None:
    model, card = (Path("models") / f"emotion.{end}" for end in ("tflite", "json"))
    (tmp_path / "my.tflite").write_bytes(model.read_bytes())
    fields = json.loads(card.read_text())
    for name, labels, fine in ((OWN, LABELS, True), ("emotion", LABELS, False), (OWN, ("a", "a"), False)):
        fields |= {"name": name, "labels": list(labels), "priors": {}}
        (tmp_path / "my.json").write_text(json.dumps(fields))
        if fine:
            assert load_card(tmp_path / "my.tflite", own=True).labels == labels
            with pytest.raises(ModelError, match="labels must be the 7 words"):
                load_card(tmp_path / "my.tflite")
        else:
            with pytest.raises(ModelError, match="labels"):
                load_card(tmp_path / "my.tflite", own=True)


def test_a_flag_names_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "none.tflite"
    assert main(["--model", str(model), "--headless", "demo", "--out", str(tmp_path / "s")]) == 4
    assert f"{model}: no such model" in capsys.readouterr().err
