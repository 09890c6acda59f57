"""Recordings on a local object store, and a batch on workers that a queueing system starts."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.batch.dataset import Dataset
from tests.batch.processes import ROOT, content, run

pytestmark = pytest.mark.slow
"""Each test starts processes, and servers or a cluster."""

KEYS = {
    "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


@pytest.fixture
def bucket(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of moto's object store, with two recordings in s3://archive/day1/."""
    server_module = pytest.importorskip("moto.server", reason="needs moto[server]")
    pytest.importorskip("s3fs", reason="needs s3fs")
    import boto3

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=address)
    client.create_bucket(Bucket="archive")
    for path in sorted((recordings / "day1").iterdir()):
        client.put_object(Bucket="archive", Key=f"day1/{path.name}", Body=path.read_bytes())
    client.put_object(Bucket="archive", Key="day1/readme.txt", Body=b"no recording")
    yield address
    server.stop()


def test_an_object_store_gives_the_rows_of_the_files(bucket: str, recordings: Path, tmp_path: Path) -> None:
    remote, local = tmp_path / "remote", tmp_path / "local"
    code, said = run("s3://archive/day1", "--out", remote, "--workers", 1, AWS_ENDPOINT_URL=bucket, **KEYS)
    assert code == 0, said
    assert run(recordings / "day1", "--out", local, "--workers", 1)[0] == 0
    names = [row["name"] for row in Dataset(remote).videos()]
    assert sorted(names) == ["s3://archive/day1/a.avi", "s3://archive/day1/b.avi"]
    ours, theirs = content(remote), content(local)
    assert ours.keys() == theirs.keys()
    assert all(ours[name] == theirs[name] for name in ours if not name.startswith("videos"))


def test_a_web_server_gives_recordings_and_a_missing_one_is_told(recordings: Path, tmp_path: Path) -> None:
    handler = functools.partial(_Quiet, directory=str(recordings))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        code, said = run(f"{base}/day1/a.avi", f"{base}/none.avi", "--out", tmp_path / "set", "--workers", 1)
        server.shutdown()
    assert code == 3
    assert "none.avi: " in said
    assert "cannot be fetched" in said
    assert sorted(row["status"] for row in Dataset(tmp_path / "set").videos()) == ["failed", "ok"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Logs nothing."""


SBATCH = """#!/bin/bash
# A stand-in for SLURM: copies the job script, which the caller deletes, and starts it in the background.
echo "$@" >> "$SLURM_FAKE/submitted"
cp "${@: -1}" "$SLURM_FAKE/job-$$.sh"
nohup bash "$SLURM_FAKE/job-$$.sh" > "$SLURM_FAKE/job-$$.log" 2>&1 &
echo $! >> "$SLURM_FAKE/jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
echo "$@" >> "$SLURM_FAKE/cancelled"
for job in "$@"; do pkill -TERM -P "$job"; kill "$job"; done 2>/dev/null
exit 0
"""


def test_a_cluster_from_slurm_reads_a_batch(recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobqueue = pytest.importorskip("dask_jobqueue", reason="needs dask-jobqueue")
    programs, fake = tmp_path / "bin", tmp_path / "slurm"
    programs.mkdir()
    fake.mkdir()
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_FAKE", str(fake))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with jobqueue.SLURMCluster(
        cores=1, processes=1, memory="800MB", walltime="00:10:00", local_directory=str(tmp_path / "scratch"),
        scheduler_options={"host": "127.0.0.1", "dashboard_address": None},
    ) as cluster:  # fmt: skip
        cluster.scale(jobs=2)
        out = tmp_path / "set"
        code, said = run(recordings / "day1", "--out", out, "--scheduler", cluster.scheduler_address)
    assert code == 0, said
    assert [row["status"] for row in Dataset(out).videos()] == ["ok", "ok"]
    assert len((fake / "submitted").read_text().splitlines()) == 2
