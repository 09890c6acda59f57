"""The command line as a user meets it: exit codes, one line per mistake, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import main as cli

ROOT = Path(__file__).resolve().parents[2]


def call(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    try:
        code = cli.main(list(argv))
    except SystemExit as error:
        code = int(error.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def wrong(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code, _, err = call(capsys, *argv)
    lines = [line for line in err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return code, lines[0]


@pytest.mark.parametrize(
    ("argv", "code", "expected"),
    [
        (["clip.mp4"], 3, "clip.mp4: no such file or folder"),
        (["bench", "clip.mp4", "--source", "http://me:s3cret@cam/x"], 2, "http://cam/x is the second source; name one"),
        (["clip.mp4", "--source", "http://me:s3cret@cam/x"], 3, "clip.mp4: no such file or folder"),
        (["demo"] * 17, 2, "17 sources are named, a run takes at most 16"),
        (["demo", "demo", "--record", "x.mp4"], 2, "--record x.mp4: is one file for 2 cameras; leave out the path"),
        (["--headless", "true"], 3, "true: no such file or folder"),
        (["--set", "output.rows=every", "b.c=2"], 2, "b.c=2 is not a source; did you mean --set b.c=2?"),
        (["--headless", "config", "c.yaml"], 2, "config is not a source; did you mean --config?"),
        (["--source", ""], 3, "--source is empty"),
        (["--sorce", "x"], 2, "--sorce is not a flag of run; did you mean --source?"),
        (["--headles"], 2, "--headles is not a flag of run; did you mean --headless?"),
        (["--max-f", "3"], 2, "--max-f is not a flag of run; did you mean --max-frames?"),
        (["--max-frames", "0"], 2, "must be at least 1 (got 0)"),
        (["--max-seconds", "-1"], 2, "must be above 0"),
        (["--max-seconds", "soon"], 2, "must be a number (got soon)"),
        (["--max-frames", "1.5"], 2, "must be a whole number (got 1.5)"),
        (["--config", "nowhere.yaml"], 2, "nowhere.yaml: no such file"),
        (["--set", "detect.min_face=5"], 2, "detect.min_face must be between 20 and 400 (got 5)"),
        (["--set", "detect.minface=50"], 2, "did you mean detect.min_face?"),
        (["--source", "nowhere.mp4"], 3, "nowhere.mp4: no such file or folder"),
        (["--source", "/dev/video97"], 3, "there is no camera at /dev/video97"),
        (["--source", "picamera"], 3, "picamera2"),
        (["--source", "demo", "--set", "emotion.model=nowhere.tflite"], 4, "no such model"),
        (["--source", "demo", "--record", "/nowhere/video.mp4"], 2, "missing or not writable"),
        (["--source", "demo", "--record", "video"], 2, "must end in .mkv, .avi, .mp4, .mov"),
        (["chekc"], 2, "chekc is not a command; did you mean check?"),
        (["check", "--headless"], 2, "--headless is not a flag of check; run has it"),
        (["check", "--sauce", "x"], 2, "did you mean --source?"),
        (["check", "--sourc", "x"], 2, "--sourc is not a flag of check; did you mean --source?"),
        (["batch", "x", "--ou", "y"], 2, "--ou is not a flag of batch; did you mean --out?"),
        (["batch", "x", "--headless"], 2, "--headless is not a flag of batch; run has it"),
        (["batch", "x"], 2, "error: --out: missing (see emotion-monitor batch --help)"),
        (["batch", "x", "--out"], 2, "error: --out: needs a value"),
        (["batch", "x", "--out", "y", "--fps", "abc"], 2, "error: --fps: must be a number (got abc)"),
        (["batch", "x", "--out", "y", "--fps", "-1"], 2, "error: --fps: must be 0 or more (got -1)"),
        (["batch", "x", "--out", "y", "--span", "nan"], 2, "error: --span: must be 0 or more (got nan)"),
        (["batch", "x", "--out", "y", "--dashboard", "99999"], 2, "error: --dashboard: must be a port from 1 to 65535"),
        (["completion", "tcsh"], 2, "error: shell: must be one of 'bash', 'zsh', 'fish' (got tcsh)"),
    ],
)
def test_each_mistake_gives_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    argv: list[str], code: int, expected: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    got, line = wrong(
        capsys, *argv, *([] if argv[0] in ("chekc", "check", "bench", "batch", "completion") else ["--headless"])
    )
    assert (got, expected in line) == (code, True), line
    assert not (tmp_path / "sessions").exists()


def test_a_damaged_video_gives_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0" * 5000)
    assert wrong(capsys, "--source", str(bad), "--headless", "--out", str(tmp_path / "s"))[0] == 3


def test_an_empty_folder_and_a_damaged_picture_give_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "holds no pictures" in wrong(capsys, "--source", str(tmp_path), "--headless")[1]
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert "cannot be read as a picture" in wrong(capsys, "--source", str(bad), "--headless")[1]


def test_an_out_that_cannot_be_made_gives_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, line = wrong(capsys, "--source", "demo", "--headless", "--out", str(tmp_path / "file" / "x"))
    assert code == 2
    assert "give another folder" in line


def test_config_prints_the_effective_settings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = call(capsys, "config", "--set", "detect.min_face=77")
    assert code == 0
    (tmp_path / "c.yaml").write_text(out)
    assert "min_face: 77" in call(capsys, "config", "--config", str(tmp_path / "c.yaml"))[1]


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert "emotion-monitor" in call(capsys, "--version")[1]
    assert "--record" in call(capsys, "run", "--help")[1]


def python(*code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *code], capture_output=True, text=True, cwd=ROOT, timeout=60)


def test_the_app_never_imports_tensorflow_or_the_training() -> None:
    code = (
        "import sys, monitor.run.app, monitor.cli.check, monitor.cli.devices\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'keras', 'train')])"
    )
    assert python("-c", code).stdout.strip() == "[]"


def test_importing_monitor_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import monitor; print(sorted(set(sys.modules) - before))"
    assert python("-c", code).stdout.strip() == "['monitor']"


def test_a_headless_start_loads_neither_drawing_nor_mail_packages() -> None:
    names = ("rich", "subprocess", "importlib.metadata", "email", "ssl")
    code = f"import sys, monitor.cli.main, monitor.run.app; print([m for m in {names} if m in sys.modules])"
    assert python("-c", code).stdout.strip() == "[]"


def test_without_opencv_one_line_names_the_headless_build() -> None:
    code = "import sys; sys.modules['cv2'] = None; from monitor.cli.main import main; main(['check'])"
    done = python("-c", code)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "opencv-python-headless" in done.stderr


@pytest.mark.slow
def test_in_the_journal_each_line_carries_its_level() -> None:
    code = "from monitor.cli.main import main; main(['--source', 'nowhere.mp4', '--headless'])"
    environ = {**os.environ, "JOURNAL_STREAM": "8:12345"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, env=environ
    )
    assert done.stderr.startswith("<3>error: --source nowhere.mp4")


@pytest.mark.parametrize("flag", ["--out", "--config", "--profile", "--record"])
def test_a_flag_given_twice_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", flag, "a", flag, "b"])
    assert ended.value.code == 2
    assert f"{flag} is given twice; keep one" in capsys.readouterr().err


def test_a_word_too_long_for_a_file_gives_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = wrong(capsys, "x" * 300, "--headless")
    assert code == 3
    assert "File name too long" in line


def test_the_help_shows_the_flags_of_a_run_the_commands_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    out = call(capsys, "--help")[1]
    for shown in ("--record", "--profile", "--headless", "clip.mp4", "bench", "exit codes", "--version"):
        assert shown in out
    assert call(capsys, "check", "--help")[1].startswith("usage: emotion-monitor check")


def test_config_prints_all_settings_or_the_reference_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert "scale_factor" not in call(capsys, "config")[1]
    assert "scale_factor" in call(capsys, "config", "--all")[1]
    assert "| `detect.scale_factor` *(advanced)* |" in call(capsys, "config", "--reference")[1]


def test_an_unknown_home_folder_gives_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = wrong(capsys, "--source", "demo", "--headless", "--out", "~nosuch/x")
    assert (code, "no home folder is known" in line) == (2, True)
    code, line = wrong(capsys, "--source", "demo", "--headless", "--set", "output.dir=~nosuch/x")
    assert (code, "output.dir begins with ~" in line) == (2, True)


def test_train_is_forwarded_and_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr("runpy.run_module", lambda name, run_name: ran.append([name, *sys.argv]))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert call(capsys, "train", "fit", "--task", "eyes")[0] == 0
    assert ran == [["train", "emotion-train", "fit", "--task", "eyes"]]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tensorflow" else object())
    code, line = wrong(capsys, "train", "fit")
    assert (code, "pip install 'emotion-monitor[train]'" in line) == (4, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_knows_the_commands_and_flags(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    pytest.importorskip("shtab")
    code, out, _ = call(capsys, "completion", shell)
    assert code == 0
    assert "devices" in out
    assert "record-clean" in out


def test_max_seconds_end_a_run_that_waits_for_a_camera(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = wrong(capsys, "/dev/video97", "--headless", "--max-seconds", "0.3", "--set", "source.wait=true")
    assert (code, "there is no camera at /dev/video97" in line) == (3, True)
