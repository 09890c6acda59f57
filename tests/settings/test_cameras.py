"""The group ``cameras`` of a settings file, and names for several sources of a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli import main as cli
from monitor.cli.sources import camera_names
from monitor.core.errors import ConfigError
from monitor.settings import cameras
from monitor.settings import config as configuration
from monitor.settings.config import Config, MqttConfig, PerformanceConfig, SourceConfig


def loaded(tmp_path: Path, text: str, *overrides: str, profile: str = "") -> list[cameras.CameraConfig]:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return cameras.load(str(path), list(overrides), profile)[2]


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    return list(caught.value.lines)


TWO = """\
detect: {min_face: 50}
cameras:
  door:
    source: rtsp://192.168.1.20/stream
    settings: {detect: {min_face: 60}, source: {rotate: "180"}}
  cab:
    source: 0
    profile: driver
"""


def test_each_camera_has_the_files_settings_its_profile_and_its_own_settings(tmp_path: Path) -> None:
    door, cab = loaded(tmp_path, TWO)
    assert (door.name, door.source, door.config.detect.min_face, door.config.source.rotate) == (
        "door", "rtsp://192.168.1.20/stream", 60, "180",
    )  # fmt: skip
    assert (cab.name, cab.source, cab.config.detect.min_face, cab.config.source.rotate) == ("cab", "0", 50, "auto")
    assert (door.config.driver.enabled, cab.config.driver.enabled) == (False, True)


def test_the_command_line_wins_for_all_cameras_and_its_profile_for_those_without_one(tmp_path: Path) -> None:
    text = TWO + "profiles: {dim: {detect: {min_face: 70}, emotion: {smooth_s: 2.0}}}\n"
    door, cab = loaded(tmp_path, text, "emotion.hold_s=0.7", profile="dim")
    assert [camera.config.emotion.hold_s for camera in (door, cab)] == [0.7, 0.7]
    assert (door.config.detect.min_face, door.config.emotion.smooth_s) == (60, 2.0)
    assert cab.config.detect.min_face == 50
    assert loaded(tmp_path, text, "detect.min_face=90")[0].config.detect.min_face == 90


def test_other_commands_read_the_same_file_without_its_cameras(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TWO)
    assert configuration.load(str(tmp_path / "c.yaml"), [])[0].detect.min_face == 50


def test_a_file_without_cameras_has_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "detect: {min_face: 50}\n") == []
    assert loaded(tmp_path, "cameras:\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cameras: [0, 1]", "c.yaml:1: cameras must be a group of named cameras (name: {source: …})"),
        ("cameras:\n  a: 0", "c.yaml:2: cameras.a must be a group with the key source, such as {source: 0}"),
        ("cameras:\n  a: {profile: driver}", "c.yaml:2: cameras.a has no source; add one, such as source: 0"),
        ("cameras:\n  a: {sorce: 0, source: 0}", "cameras.a.sorce is not a key of a camera; did you mean source?"),
        ("cameras:\n  a: {source: 0, detect: {}}", "cameras.a.detect is not a key of a camera; write it below"),
        ("cameras:\n  a: {source: 0, source: 1}", "c.yaml:2: cameras.a.source is given twice; keep one"),
        ("cameras:\n  a: {source: [0]}", "cameras.a.source must be a single value, such as source: 0"),
        ("cameras:\n  a: {source: 0}\n  a: {source: 1}", "c.yaml:3: cameras.a is given twice; keep one"),
        ("cameras:\n  a b: {source: 0}", "has a name that is not 1 to 32 letters, digits, - and _ (got a b)"),
        ("cameras:\n  ../x: {source: 0}", "has a name that is not 1 to 32 letters, digits, - and _ (got ../x)"),
        ("cameras: {a: {source: 0}}\ncameras: {b: {source: 0}}", "c.yaml:2: cameras is given twice; keep one"),
        ("cameras:\n  a: {source: 0, profile: drivr}", "c.yaml:2: cameras.a.profile drivr is not a profile"),
        ("cameras:\n  a: {source: 0, settings: {detect: {minface: 9}}}", "did you mean detect.min_face?"),
        ("cameras:\n  a: {source: 0, settings: 3}", "c.yaml:2: cameras.a.settings must be a group of settings"),
        ("cameras:\n  ? [a]\n  : {source: 0}", "1 to 32 letters, digits, - and _ (got a list or group)"),
        ("camera:\n  a: {source: 0}", "c.yaml:1: camera is not a setting; did you mean cameras?"),
        ("cameras:\n  a: {source: 0, settings: {cameras: {}}}", "a group of its own at the top of a settings file"),
        ("cameras:\n  a: {source: 0, settings: {mqtt: {zoo: 1}}}", "mqtt.zoo is not a setting; mqtt has host, port, "),
        ("cameras:\n  a: {source: 0, settings: {web: {listen: 80}}}", "web.listen holds for the whole process"),
        ("cameras: {" + ", ".join(f"c{n}: {{source: 0}}" for n in range(17)) + "}", "one process takes at most 16"),
    ],
)  # fmt: skip
def test_each_mistake_gives_one_line_with_its_place_and_the_fix(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = problems(tmp_path, text)
    assert expected in line


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = "detect: {min_face: 5}\ncameras:\n  a: {}\n  b: {source: 0, profile: none}\n"
    lines = problems(tmp_path, text)
    assert len(lines) == 3
    assert sum("detect.min_face" in line for line in lines) == 1, "a mistake outside of cameras is told once"


def camera(name: str, device: str = "emotion_monitor", max_cpu: float = 0.0) -> cameras.CameraConfig:
    return cameras.CameraConfig(
        name, "demo", Config(mqtt=MqttConfig(name=device), performance=PerformanceConfig(max_cpu=max_cpu))
    )


def test_each_camera_is_a_device_of_its_own() -> None:
    named = cameras.named([camera("door"), camera("cab"), camera("yard", "garden")], Config())
    assert [c.config.mqtt.name for c in named] == ["emotion_monitor_door", "emotion_monitor_cab", "garden"]
    with pytest.raises(ConfigError, match=r"cameras\.b: mqtt\.name x is taken by another camera"):
        cameras.named([camera("a", "x"), camera("b", "x")], Config())
    with pytest.raises(ConfigError, match="is over 64 characters"):
        cameras.named([camera("a", "x" * 63)], Config(mqtt=MqttConfig(name="x" * 63)))


def test_the_cpu_limits_of_all_cameras_add_up_because_they_limit_the_process() -> None:
    both = cameras.named([camera("a", max_cpu=0.6), camera("b", max_cpu=0.6)], Config())
    assert [c.config.performance.max_cpu for c in both] == [1.2, 1.2]
    one = cameras.named([camera("a", max_cpu=0.6), camera("b")], Config())
    assert [c.config.performance.max_cpu for c in one] == [0.0, 0.0]


def test_each_camera_is_decoded_by_one_thread_unless_the_settings_say_otherwise() -> None:
    more = camera("b")._replace(config=Config(source=SourceConfig(threads=3)))
    assert [c.config.source.threads for c in cameras.named([camera("a"), more], Config())] == [1, 3]


def test_sources_of_the_command_line_are_named_by_kind() -> None:
    sources = [
        "0", "/dev/video2", "demo", "demo", "clips/My clip.mp4", "rtsp://me:secret@10.0.0.5:554/front/h264?token=1",
        "http://10.0.0.7", "file:///tmp/a.mp4", "@/run/credentials/gate",
    ]  # fmt: skip
    assert camera_names(sources) == [
        "camera0", "video2", "demo", "demo-2", "My-clip", "front-h264", "10-0-0-7", "a", "gate",
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["cameras.a.source", "profiles.x.detect.min_face"])
def test_a_camera_cannot_be_given_with_set(key: str) -> None:
    with pytest.raises(ConfigError, match=r"--set: \S+ belongs into a settings file; give it with --config"):
        cameras.load(None, [f"{key}=0"], default_file=None)


def test_the_printed_settings_give_the_same_cameras_when_they_are_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = loaded(tmp_path, TWO)
    assert cli.main(["config", "--config", str(tmp_path / "c.yaml")]) == 0
    assert loaded(tmp_path, capsys.readouterr().out) == before


def test_the_example_in_the_shipped_file_is_right(tmp_path: Path) -> None:
    text = configuration.shipped_text()
    example = text[text.index("# cameras:") :].replace("\n# ", "\n").removeprefix("# ")
    assert [camera.name for camera in loaded(tmp_path, example)] == ["door", "cab"]


def test_a_malformed_address_gets_a_name_too() -> None:
    assert camera_names(["http://[::1/live", "http://[/"]) == ["stream", "stream-2"]
