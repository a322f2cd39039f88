"""A running service: on 127.0.0.1, with workers that need no model unless a test wants them."""

import asyncio
import http.client
import json
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra seesay[serve]")
pytest.importorskip("uvicorn", reason="needs the extra seesay[serve]")

from seesay.apps.service.process import COMMAND
from seesay.apps.service.server import make_server
from seesay.apps.service.settings import ServiceSettings
from seesay.apps.service.state import build_service

FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))
BOUNDARY = "boundary"


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Running:
    """A service in a thread."""

    def __init__(self, command=FAKE, **settings):
        self.service = build_service(ServiceSettings(port=0, **settings), command)
        self.server = make_server(self.service)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        for _ in range(3000):
            if self.server.started or not self.thread.is_alive():
                break
            time.sleep(0.02)
        assert self.server.started
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def send(self, *files, path="/v1/caption", headers=None, **fields):
        """A form with these files, (name, bytes) each."""
        body, kind = form(files, fields)
        return self.request("POST", path, body, {"Content-Type": kind, **(headers or {})})

    def on_loop(self, coroutine):
        """Run something in the service's own loop."""
        loop = self.server.servers[0].get_loop()
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    def stop(self):
        self.server.should_exit = True
        self.thread.join(40)
        assert not self.thread.is_alive()


def form(files, fields):
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, data in files:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture
def start():
    """Start services; they stop with the test."""
    running = []

    def begin(**settings):
        running.append(Running(**settings))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def fake():
    """A service with a worker that needs no model."""
    running = Running()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def real():
    """A service with the embedded models."""
    running = Running(COMMAND, timeout=240.0, media_seconds=120.0)
    yield running
    running.stop()
