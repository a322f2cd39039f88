"""Which instants are sampled."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seesay.errors import ArtifactError, UsageError
from seesay.media import FrameSampling


@settings(deadline=None)
@given(st.sampled_from(["uniform", "random"]), st.integers(1, 40), st.floats(0, 50), st.floats(0.01, 500))
def test_one_instant_in_each_of_equal_segments(how: str, frames: int, start: float, length: float) -> None:
    found = FrameSampling(how, frames).times(start, start + length, np.random.default_rng(0))  # type: ignore[arg-type]
    place = (found - start) / length * frames - np.arange(frames)
    assert ((place > -1e-6) & (place < 1 + 1e-6)).all()
    if how == "uniform":
        np.testing.assert_allclose(place, 0.5, atol=1e-6)


def test_seconds() -> None:
    assert FrameSampling("seconds", 99, every=2.0).times(1.0, 8.0).tolist() == [1, 3, 5, 7]
    assert FrameSampling("seconds", 2, every=2.0).times(1.0, 8.0).tolist() == [1, 3]
    assert FrameSampling("seconds", 3, every=2.0).times(0.0, 0.0).tolist() == [0]


def test_it_comes_back_from_json() -> None:
    for sampling in (FrameSampling(), FrameSampling("stride", 8, stride=3), FrameSampling("seconds", every=0.5)):
        assert FrameSampling.from_json(json.loads(json.dumps(sampling.to_json()))) == sampling


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"how": "uniformly"}, "how 'uniformly' must be one of uniform, stride, random, seconds"),
        ({"frames": 0}, "frames 0 must be a whole number, 1 or more"),
        ({"frames": 2.5}, "frames 2.5 must be a whole number"),
        ({"stride": True}, "stride True must be a whole number"),
        ({"every": 0.0}, "every 0.0 must be a number of seconds above 0"),
        ({"every": float("nan")}, "every nan must be"),
        ({"every": "1"}, "every '1' must be"),
    ],
)
def test_values_outside_are_refused(values: dict[str, object], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        FrameSampling(**values)  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="the artifact's frame sampling cannot be read"):
        FrameSampling.from_json(values)


def test_an_unknown_key_in_an_artifact() -> None:
    with pytest.raises(ArtifactError, match="cannot be read"):
        FrameSampling.from_json({"frame": 3})
