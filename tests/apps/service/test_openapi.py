"""Schemathesis makes up requests from the description and checks the answers against it; bounded in count."""

import base64
import io

import pytest
from PIL import Image

schemathesis = pytest.importorskip("schemathesis", reason="needs the extra seesay[test]")
from hypothesis import HealthCheck, Phase, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402


def photo():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return buffer.getvalue()


PHOTO = photo()
for kind in ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, st.just(PHOTO))
schemathesis.openapi.format("photo-base64", st.just(base64.b64encode(PHOTO).decode()))
schemathesis.openapi.format("photo-data-url", st.just("data:image/png;base64," + base64.b64encode(PHOTO).decode()))


@pytest.fixture
def description(fake):
    return schemathesis.openapi.from_url(f"{fake.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_answers_are_as_described(case):
    answer = case.call()
    case.validate_response(answer)
