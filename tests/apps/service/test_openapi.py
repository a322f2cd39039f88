"""Schemathesis makes up requests from the description and checks the answers against it; bounded in count."""

import base64
import io

import pytest
from PIL import Image

schemathesis = pytest.importorskip("schemathesis", reason="needs the extra seesay[test]")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402


def photo():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return buffer.getvalue()


PHOTO = photo()
for kind in ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, st.just(PHOTO))
schemathesis.openapi.format("photo-base64", st.just(base64.b64encode(PHOTO).decode()))
schemathesis.openapi.format("photo-data-url", st.just("data:image/png;base64," + base64.b64encode(PHOTO).decode()))


OPERATIONS = [
    ("/v1/caption", "POST"),
    ("/v1/recognize", "POST"),
    ("/v1/chat/completions", "POST"),
    ("/v1/models", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
    ("/openapi.json", "GET"),
]


@pytest.fixture(scope="module")
def description(fake):
    return schemathesis.openapi.from_url(f"{fake.url}/openapi.json")


def test_every_operation_is_tried(description):
    assert {(path, method.upper()) for path in description for method in description[path]} == set(OPERATIONS)


# What takes no parameters and no body can be asked wrongly by its method alone: see the test after this one.
MODES = [(*one, "POSITIVE") for one in OPERATIONS] + [(*one, "NEGATIVE") for one in OPERATIONS if one[1] == "POST"]


@pytest.mark.parametrize(("path", "method", "mode"), MODES)
def test_answers_are_as_described(description, path, method, mode):
    """Right requests are answered 2xx, or 422 where settings do not go together; wrong ones 4xx; all as described."""
    strategy = description[path][method].as_strategy(generation_mode=schemathesis.GenerationMode[mode])

    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy)
    def answered(case):
        answer = case.call()
        unfit = [positive_data_acceptance] if answer.status_code == 422 else []  # settings that do not go together
        case.validate_response(answer, excluded_checks=unfit)
        assert answer.status_code < 500

    answered()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_other_methods_are_refused_and_those_there_are_named(fake, path, method):
    for other in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {method}:
        answer = fake.request(other, path)
        assert (answer.status, answer.headers["content-type"]) == (405, "application/problem+json")
        assert method in answer.headers["allow"]
        assert answer.json["status"] == 405
