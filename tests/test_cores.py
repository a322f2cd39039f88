"""How many cores a container's quota leaves."""

import os

import pytest

from seesay.cores import usable_cores


@pytest.fixture
def eight(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),  # a core and a half: two threads, one of them held up at times
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("", 8),
        ("0 0\n", 8),
        ("-1 100000\n", 8),
        ("nonsense", 8),
        ("1 2 3", 8),
    ],
)
@pytest.mark.usefixtures("eight")
def test_a_quota_limits_the_cores(tmp_path, text, cores):
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert usable_cores(quota) == cores


@pytest.mark.usefixtures("eight")
def test_where_no_quota_is_the_cores_count(tmp_path):
    assert usable_cores(tmp_path / "none") == 8
    assert usable_cores(tmp_path) == 8
