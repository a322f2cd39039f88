"""Training on several processes and nodes: the weights of one process, whatever their number and its changes."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from seesay.training import train
from seesay.training.callbacks import Callback
from seesay.training.checkpoints import read_checkpoint

SETTINGS = [
    "encoder.name=tf_efficientnet_lite0",
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.dropout=0",
    "text.min_count=1",
    "training.epochs=4",
    "training.batch_size=7",  # of 8 photos: the last step of an epoch has one, and two processes
    "training.warmup_steps=2",
    "training.patience=null",
    "training.checkpoint_minutes=0",
    "training.precision=float32",
]
SCRIPT = """
import sys
from pathlib import Path
from seesay.training import train
from seesay.training.callbacks import Callback

class Stop(Callback):
    def on_epoch(self, progress):
        if progress.epoch == 2:
            raise SystemExit(3)

data, out, cache, *settings = sys.argv[1:]
train("merge", settings, data, Path(out), resume=True, features=Path(cache), callbacks=[Stop()])
"""


class Stopped(Exception):
    pass


class StopAfterFirst(Callback):
    def on_epoch(self, progress):
        raise Stopped


@pytest.fixture
def whole(tiny_flickr8k, tmp_path):
    """Data, the feature cache, and a run of one process."""
    data, cache = f"flickr8k:{tiny_flickr8k}", tmp_path / "features"
    train("merge", SETTINGS, data, tmp_path / "whole", features=cache)
    return data, cache, tmp_path / "whole"


def launched(arguments, script):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", *arguments, *script],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def seesay(data, cache, out):
    return ["-m", "seesay", "train", "merge", *SETTINGS, "--data", data, "--out", str(out), "--resume"]


def check_the_same(one, other):
    (mine, progress), (theirs, others) = (read_checkpoint(run / "last.safetensors") for run in (one, other))
    for name, value in mine.items():
        if name.startswith(("model.", "average.")) and value.is_floating_point():
            torch.testing.assert_close(theirs[name], value, atol=1e-4, rtol=0, msg=name)
    for a, b in zip(progress["history"], others["history"], strict=True):
        assert b["loss"] == pytest.approx(a["loss"], abs=1e-4)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.timeout(900)
def test_a_run_goes_on_with_two_processes_and_then_with_one(whole, tmp_path):
    data, cache, one = whole
    out = tmp_path / "changing"
    with pytest.raises(Stopped):
        train("merge", SETTINGS, data, out, features=cache, callbacks=[StopAfterFirst()])
    (tmp_path / "part.py").write_text(SCRIPT)
    two = launched(
        ["--standalone", "--nproc-per-node", "2"], [str(tmp_path / "part.py"), data, str(out), str(cache), *SETTINGS]
    )
    said, _ = two.communicate(timeout=400)
    assert read_checkpoint(out / "last.safetensors")[1]["epoch"] == 2, said
    train("merge", SETTINGS, data, out, features=cache, resume=True)
    check_the_same(one, out)


@pytest.mark.timeout(900)
def test_two_nodes_reach_the_weights_of_one_process(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path))
    data, cache, one = whole
    out, port = tmp_path / "nodes", free_port()
    agents = [
        launched(
            ["--nnodes", "2", "--node-rank", str(rank), "--nproc-per-node", "1", "--rdzv-backend", "c10d",
             "--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1"],
            seesay(data, cache, out),
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        said = [agent.communicate(timeout=400)[0] for agent in agents]
    finally:
        for agent in agents:
            agent.kill()
    assert [agent.returncode for agent in agents] == [0, 0], said
    check_the_same(one, out)


def descendants(pid):
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(status.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds ranks by /proc")
def test_a_killed_rank_is_started_again_from_the_last_checkpoint(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path))
    data, cache, one = whole
    out = tmp_path / "killed"
    agent = launched(
        ["--standalone", "--nproc-per-node", "2", "--max-restarts", "2"],
        seesay(data, cache, out),
    )
    try:
        deadline = time.monotonic() + 300
        while not (out / "last.safetensors").exists() and agent.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        ranks = descendants(agent.pid)
        assert ranks, "it ended before it could be killed"
        os.kill(max(ranks), signal.SIGKILL)
        said, _ = agent.communicate(timeout=400)
    finally:
        agent.kill()
    assert agent.returncode == 0, said
    assert "exitcode: -9" in said
    check_the_same(one, out)
