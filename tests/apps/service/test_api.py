"""The HTTP API, with a worker that needs no model."""

import base64
import json

import pytest


def test_a_form_with_several_files_gives_an_entry_each(fake):
    answer = fake.send(("dog.jpg", b"one"), ("cat.jpg", b"three"), num=2)
    assert answer.status == 200
    first, second = answer.json
    assert set(first) == {"path", "captions", "model", "error"}
    assert (first["path"], second["path"]) == ("dog.jpg", "cat.jpg")
    assert [one["text"] for one in first["captions"]] == [
        "a red square of 3 bytes",
        "a red square of 3 bytes again",
    ]


def test_a_body_is_a_photo_whatever_its_content_type(fake):
    for kind in ("image/jpeg", "application/x-www-form-urlencoded", ""):
        answer = fake.request("POST", "/v1/caption?num=2", b"bytes", {"Content-Type": kind} if kind else {})
        assert answer.status == 200
        assert len(answer.json[0]["captions"]) == 2


def test_json_holds_base64(fake):
    body = {"files": [{"name": "a/../dog.jpg", "data": base64.b64encode(b"12345").decode()}], "num": 1, "beam": None}
    answer = fake.request("POST", "/v1/caption", json.dumps(body), {"Content-Type": "application/json"})
    assert answer.json[0]["path"] == "dog.jpg"
    assert answer.json[0]["captions"][0]["text"].endswith("of 5 bytes")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("[]", "JSON object"),
        ("{", "no JSON"),
        ('{"files": [{"data": "?"}]}', "not base64"),
        ('{"files": [{"data": ""}]}', "empty"),
        ('{"files": [{"url": "http://example.com/x.jpg"}]}', "--allow-url"),
        ('{"files": []}', "no photo"),
        ('{"files": [{"data": "QQ=="}], "beem": 2}', "Did you mean 'beam'"),
        ('{"files": [{"data": "QQ=="}], "beam": true}', "whole number"),
        ('{"files": [{"data": "QQ=="}], "beam": 1000}', "1 to 100"),
        ('{"files": [{"data": "QQ=="}], "must": "dog"}', "a list"),
        ('{"files": [{"data": "QQ=="}], "beam": NaN}', "no JSON"),
    ],
)
def test_wrong_json_is_named(fake, body, says):
    answer = fake.request("POST", "/v1/caption", body, {"Content-Type": "application/json"})
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "says"), [("beam=x", "whole number"), ("beam=1&beam=2", "twice"), ("sample=maybe", "true or false")]
)
def test_wrong_queries_are_named(fake, query, says):
    answer = fake.request("POST", f"/v1/caption?{query}", b"x")
    assert (answer.status, says in answer.json["detail"]) == (400, True)


def test_the_one_photo_that_cannot_be_read_is_422_with_its_line(fake):
    answer = fake.send(("dog.jpg", b"bad"))
    assert answer.status == 422
    assert answer.json["detail"] == "dog.jpg: not a picture"
    assert answer.json["title"] == "Photo or clip cannot be read"


def test_of_several_the_others_go_on(fake):
    answer = fake.send(("a.jpg", b"good"), ("b.jpg", b"bad"))
    assert answer.status == 200
    assert [one["error"] for one in answer.json] == [None, "b.jpg: not a picture"]
    assert answer.json[1]["captions"] == []


def test_lines_come_as_they_are_done(fake):
    answer = fake.send(("a.jpg", b"sleep:0.1"), ("b.jpg", b"bad"), headers={"Accept": "application/jsonl"})
    assert answer.headers["content-type"].startswith("application/jsonl")
    entries = [json.loads(line) for line in answer.body.splitlines()]
    assert {one["index"]: one["error"] for one in entries} == {0: None, 1: "b.jpg: not a picture"}
    assert entries[-1]["problem" if entries[-1]["error"] else "captions"]


def test_scenes_as_subtitles(fake):
    answer = fake.send(("film.mp4", b"xx"), headers={"Accept": "text/vtt"})
    assert answer.headers["content-type"].startswith("text/vtt")
    assert answer.body.decode().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\na red square of 2 bytes\n")


def test_an_answer_of_no_known_form_is_406(fake):
    assert fake.send(("a.jpg", b"x"), headers={"Accept": "text/plain"}).status == 406
    assert fake.send(("a.jpg", b"x"), headers={"Accept": "text/plain, */*;q=0.1"}).status == 200


def test_recognize(fake):
    answer = fake.send(("film.mp4", b"xx"), path="/v1/recognize", top=1)
    assert answer.json == [
        {
            "path": "film.mp4",
            "predictions": [{"label": "Surfing", "probability": 0.9}],
            "model": "default",
            "error": None,
        }
    ]


def test_a_model_that_is_not_served_is_404(fake):
    answer = fake.send(("a.jpg", b"x"), model="defualt")
    assert answer.status == 404
    assert "Did you mean 'default'" in answer.json["detail"]
    assert fake.send(("a.jpg", b"x"), model="activities").status == 404


def test_models_health_metrics(fake):
    listed = {one["id"]: one for one in fake.get("/v1/models").json["data"]}
    assert listed["default"]["modality"] == "photo"
    assert listed["activities"]["task"] == "recognize"
    assert fake.get("/healthz").status == 200
    assert fake.get("/readyz").json["status"] == "ready"
    fake.send(("a.jpg", b"x"))
    text = fake.get("/metrics").body.decode()
    for name in ("seesay_requests_total", "seesay_queue_length", "seesay_batch_size", "seesay_stage_seconds"):
        assert name in text


def test_unknown_places_are_problems_too(fake):
    assert fake.get("/v1/nothing").json["status"] == 404
    answer = fake.get("/v1/caption")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_no_file_of_the_host_is_reachable(fake):
    for path in (
        "/static/../page.py",
        "/static/%2e%2e/page.py",
        "/static/..%2fpage.py",
        "//etc/passwd",
        "/static//etc/passwd",
    ):
        assert fake.get(path).status == 404, path


def test_the_description_is_complete(fake):
    described = fake.get("/openapi.json").json
    assert described["openapi"] == "3.1.0"
    routes = set(described["paths"])
    assert routes >= {"/v1/caption", "/v1/recognize", "/v1/models", "/v1/chat/completions", "/healthz", "/metrics"}
    example = described["paths"]["/v1/caption"]["post"]["requestBody"]["content"]["application/json"]["example"]
    answer = fake.request("POST", "/v1/caption", json.dumps(example), {"Content-Type": "application/json"})
    assert answer.status == 200


def test_the_api_page_needs_nothing_from_elsewhere(fake):
    text = fake.get("/docs").body.decode()
    assert "POST /v1/caption" in text
    assert "http://" not in text
    assert "https://" not in text
