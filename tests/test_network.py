"""No verb reaches for the network: watched in a network namespace that has nothing but a name server of the test's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

WATCH = """
import fcntl, json, os, socket, struct, sys, threading, time
asked = []
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(server, 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # loopback: up, running
server.bind(("127.0.0.1", 53))
def answer():
    while True:
        query, whom = server.recvfrom(2000)
        asked.append(query[12:-5].decode("latin-1"))
        server.sendto(query[:2] + b"\\x81\\x83" + query[4:6] + bytes(6) + query[12:], whom)  # no such name
threading.Thread(target=answer, daemon=True).start()
def unreachable():
    lines = [line.split() for line in open("/proc/net/snmp") if line.startswith("Ip:")]
    return int(dict(zip(*lines))["OutNoRoutes"])

from seesay.cli import run
codes = [run(arguments) for arguments in json.loads(sys.argv[1])]
time.sleep(2)  # ONNX Runtime's telemetry looks its host up within a second of the first session
before = [list(asked), unreachable()]
# What the watch must see, so that it is known to work.
for touch in (lambda: socket.getaddrinfo("seesay.invalid", 80), lambda: socket.create_connection(("192.0.2.1", 9), 1)):
    try:
        touch()
    except OSError:
        pass
with open(sys.argv[2], "w") as out:
    json.dump({"codes": codes, "asked": before[0], "unreachable": before[1],
               "control": [len(asked) - len(before[0]), unreachable() - before[1]]}, out)
"""


def _can_watch(folder: Path) -> bool:
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    if not shutil.which("unshare"):
        return False
    command = ["unshare", "-rnm", "sh", "-c", f"mount --bind {folder}/resolv.conf /etc/resolv.conf"]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_no_verb_looks_up_or_sends_anything(tmp_path: Path, samples: list[Path]) -> None:
    if not _can_watch(tmp_path):
        pytest.skip("needs Linux, unshare, and the right to make a network namespace")
    frames = [Image.new("RGB", (64, 48), (40 * i, 90, 200)) for i in range(4)]
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:])
    table = tmp_path / "mine.csv"
    rows = [f"{path},a photo of something,{'train' if i else 'test'}" for i, path in enumerate(samples)]
    table.write_text("\n".join(["image,caption,split", *rows]) + "\n")
    (tmp_path / "h.json").write_text(json.dumps({"a": "a dog runs"}))
    (tmp_path / "r.json").write_text(json.dumps({"a": ["a dog runs away"]}))
    verbs = [
        ["caption", str(samples[0])],
        ["recognize", str(tmp_path / "clip.gif")],
        ["caption", str(tmp_path / "clip.gif"), "--model", "clips"],
        ["models"],
        ["recipes"],
        ["doctor"],
        ["data", "check", f"csv:{table}"],
        ["score", str(tmp_path / "h.json"), str(tmp_path / "r.json")],
        ["evaluate", "default", "--data", f"csv:{table}", "--split", "test", "--out", str(tmp_path / "out")],
    ]
    command = f'mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec "$@"'
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"} | {"TMPDIR": str(tmp_path)}
    result = subprocess.run(
        [
            "unshare",
            "-rnm",
            "sh",
            "-c",
            command,
            "sh",
            sys.executable,
            "-c",
            WATCH,
            json.dumps(verbs),
            tmp_path / "saw",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    saw = json.loads((tmp_path / "saw").read_text())
    assert saw["control"][0] > 0, "the watch sees no look-up"
    assert saw["control"][1] > 0, "the watch sees no connection"
    assert saw["codes"] == [0] * len(verbs), result.stderr
    assert saw["asked"] == []
    assert saw["unreachable"] == 0
    assert not (tmp_path / ".ses").exists(), "ONNX Runtime wrote down an identifier of this machine"


def test_telemetry_is_off_before_onnx_runtime_is_imported_and_somebodys_choice_stays() -> None:
    code = (
        "import sys, os\n"
        "class Watch:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'onnxruntime': print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "import seesay.runtime"
    )
    for own, expected in ((None, "1"), ("", "1"), ("1", "1"), ("0", "0")):
        environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
        if own is not None:
            environment["ORT_DISABLE_TELEMETRY"] = own
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
        )
        assert found.stdout.split() == [expected]
