"""A model that needs no network."""

import hashlib

import pytest

from seesay.apps.alttext import captions
from seesay.apps.alttext.captions import Described


class FakeModel:
    """Describes every picture by a digest of its bytes; counts what it is asked."""

    name, version = "fake", "1"

    def __init__(self, *, sure=True):
        self.sure = sure
        self.asked = []

    def describe(self, sources):
        for source in sources:
            data = source if isinstance(source, bytes) else source.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            self.asked.append(digest)
            yield Described(f"a thing called {digest[:6]}", self.sure, 0.9 if self.sure else 0.2, "a thing")


@pytest.fixture
def model(monkeypatch, tmp_path):
    """The fake model in place of every other; the cache is the test's own, and so is the current folder."""
    fake = FakeModel()
    monkeypatch.setattr(captions, "RuntimeModel", lambda name: fake)
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return fake
