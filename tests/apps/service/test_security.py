"""Who is let in, from where, by which name."""

import logging
import socket
import time

import pytest

from seesay.apps.service.limits import only_public_addresses
from seesay.apps.service.settings import Tokens, read_tokens
from seesay.errors import UsageError

TOKEN = "0123456789abcdef-token"


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "tokens"
    file.write_text(f"# ours\n\n{TOKEN}\nanother-token-of-ours\n")
    file.chmod(0o600)
    return file


def test_a_token_is_needed_for_the_api_and_not_for_health(start, token_file):
    running = start(token_file=token_file)
    answer = running.send(("a.jpg", b"x"))
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert running.get("/metrics").status == 401
    assert running.get("/healthz").status == 200
    for header, status in ((f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 401), (TOKEN, 401)):
        assert running.send(("a.jpg", b"x"), headers={"Authorization": header}).status == status, header
    described = running.get("/openapi.json").json
    assert described["paths"]["/v1/caption"]["post"]["security"] == [{"token": []}]
    assert "security" not in described["paths"]["/healthz"]["get"]
    assert b'name="token"' in running.get("/").body
    assert running.send(("a.jpg", b"x"), path="/").status == 401
    assert running.send(("a.jpg", b"x"), path="/", token=TOKEN).status == 200


def test_all_tokens_are_compared_whatever_the_first_says(monkeypatch):
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append(a) or a == b)
    assert Tokens((b"one", b"two", b"three")).allow("Bearer one")
    assert compared == [b"one", b"two", b"three"]


@pytest.mark.parametrize(("text", "says"), [("", "holds no token"), ("short\n", ":1: a token has 16")])
def test_a_wrong_token_file_is_named(tmp_path, text, says):
    file = tmp_path / "tokens"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(UsageError, match=says):
        read_tokens(file)
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod"):
        read_tokens(file)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "localhost@evil.example"])
def test_another_host_name_is_refused(fake, host):
    answer = fake.get("/", Host=host)
    assert answer.status in (400, 421)
    assert b"<form" not in answer.body


def test_a_name_that_was_allowed_is_not(start):
    running = start(allowed_hosts=("photos.example",))
    assert running.get("/", Host="photos.example:8000").status == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_pages_of_other_sites_may_not_send(fake, headers):
    assert fake.send(("a.jpg", b"x"), headers=headers).status == 403


def test_the_own_page_may(fake):
    assert fake.send(("a.jpg", b"x"), headers={"Origin": fake.url, "Sec-Fetch-Site": "same-origin"}).status == 200


def test_headers_of_every_answer(fake):
    for path in ("/", "/docs", "/v1/models", "/nothing", "/static/app.js"):
        headers = fake.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_the_page_has_nothing_that_the_policy_forbids(fake):
    text = fake.get("/").body.decode()
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text
    assert text.count("<script") == text.count('<script type="module" src=')


def test_the_log_has_no_query_no_contents_and_no_token(fake, caplog):
    caplog.set_level(logging.DEBUG)
    answer = fake.request("POST", "/v1/caption?must=secretword", b"secretbytes", {"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200
    for _ in range(500):  # it is written once the answer is sent
        lines = "\n".join(record.getMessage() for record in caplog.records)
        if "POST /v1" in lines:
            break
        time.sleep(0.01)
    assert "POST /v1/caption 200" in lines
    for secret in ("secretword", "secretbytes", TOKEN):
        assert secret not in lines


def test_private_addresses_are_not_fetched(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)  # put back afterwards
    only_public_addresses()
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"):
        with pytest.raises(OSError, match="private network"):
            socket.create_connection((host, 9), 1)


def test_a_fault_of_the_service_is_told_without_what_it_was(fake, monkeypatch, caplog):
    monkeypatch.setattr("seesay.apps.service.api.model_list", lambda service: 1 / 0)
    answer = fake.get("/v1/models")
    assert answer.status == 500
    assert answer.json["title"] == "Internal error"
    assert b"division" not in answer.body
    assert "content-security-policy" in answer.headers
    assert "ZeroDivisionError" in caplog.text
