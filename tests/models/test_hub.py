"""Offline, an encoder whose weights are not here is refused in seconds."""

import socket
import time

import pytest

pytest.importorskip("timm")

from huggingface_hub import constants

from seesay.errors import MissingPartError
from seesay.models import hub
from seesay.models.encoders import Encoder, EncoderConfig


def test_a_listening_port_is_reachable_and_a_closed_one_is_not(monkeypatch):
    monkeypatch.setattr(hub, "getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert hub.reachable(f"http://127.0.0.1:{port}")
    assert not hub.reachable(f"http://127.0.0.1:{port}")


def test_a_name_that_is_never_found_takes_no_longer_than_patience(monkeypatch):
    monkeypatch.setattr(hub, "getproxies", dict)

    def slow(*args, **more):
        time.sleep(1)
        raise OSError("no answer")

    monkeypatch.setattr(socket, "create_connection", slow)
    begun = time.monotonic()
    assert not hub.reachable("https://example.invalid", patience=0.05)
    assert time.monotonic() - begun < 0.9


def test_without_a_network_weights_fail_at_once_and_say_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "reachable", lambda address: False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    before = constants.HF_HUB_OFFLINE
    with pytest.raises(MissingPartError, match=r"weights of resnet18 could not be had .* encoder.weights=FILE"):
        Encoder(EncoderConfig(name="resnet18"))
    assert before == constants.HF_HUB_OFFLINE
