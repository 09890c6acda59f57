"""A broker with users, TLS and ACL: permissions, and the errors of wrong settings."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import face
from tests.outputs.remote.brokers import Ear, Mosquitto, certificates, eventually, needs_broker
from tests.outputs.remote.camera import Camera, appeared

pytest.importorskip("jinja2")
from tests.outputs.remote.home import Home

pytestmark = needs_broker


@pytest.mark.slow
def test_user_password_tls_and_acl(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    ca, certificate, key = certificates(tmp_path)
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto_passwd is not installed")
    (tmp_path / "users").touch(mode=0o600)
    for user in ("camera", "home", "stranger"):
        subprocess.run([tool, "-b", str(tmp_path / "users"), user, f"secret of {user}"], check=True)
    (tmp_path / "acl").write_text(
        "user camera\ntopic readwrite emotion-monitor/door/#\ntopic write homeassistant/device/door/config\n"
        "user home\ntopic read #\n"
        "user stranger\ntopic read weather/#\n"
    )
    (tmp_path / "acl").chmod(0o600)
    options = [
        "allow_anonymous false", f"password_file {tmp_path / 'users'}", f"acl_file {tmp_path / 'acl'}",
        f"certfile {certificate}", f"keyfile {key}",
    ]  # fmt: skip
    (tmp_path / "password").write_text("secret of camera\n")
    (tmp_path / "wrong").write_text("secret of nobody\n")
    right: dict[str, Any] = {
        "tls": True,
        "ca_file": str(ca),
        "user": "camera",
        "password_file": str(tmp_path / "password"),
    }
    with Mosquitto(tmp_path, options) as broker:
        ear = Ear(broker.port, user="home", secret="secret of home", ca=ca)
        camera = Camera(broker.port, **right).online()
        camera.film(2, face(1, "happy"), events=(appeared(1),))
        ear.wait("door/events")
        ear.wait("door/state")
        home = Home().take(ear.heard)
        assert home.entities["expression"].state == "happy"
        assert home.complaints == []
        assert not caplog.records
        for wrong, said in (
            ({"password_file": str(tmp_path / "wrong")}, "refused by the broker"),
            ({"ca_file": ""}, "cannot be reached; retrying; does it speak TLS on this port (mqtt.tls, mqtt.ca_file)?"),
            ({"tls": False, "ca_file": ""}, "connection lost"),
        ):
            caplog.clear()
            other = Camera(broker.port, "other", **(right | wrong))
            eventually(lambda said=said: said in caplog.text, said)  # type: ignore[misc]
            assert not other.sink.broker.connected
            other.sink.close([])
        caplog.clear()
        forbidden = Camera(broker.port, "window", **right).online()  # the ACL knows the camera at the door only
        forbidden.film(2, face(1, "sad"))
        forbidden.sink.close([])
        camera.film(2, face(1, "sad"))
        ear.wait("door/state", lambda payload: '"sad"' in payload)
        assert not [topic for topic, _, _ in ear.heard if "window" in topic]
        stranger = Ear(broker.port, user="stranger", secret="secret of stranger", ca=ca)
        camera.film(2, face(1, "happy"))
        camera.sink.close([])
        ear.wait("door/availability", lambda payload: payload == "stopped")
        assert stranger.heard == []
        for client in (ear, stranger):
            client.close()
