"""What the service refuses, and how soon; what happens to requests when workers die, hang or are replaced."""

import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from seesay.apps.service.settings import ServiceSettings, parse_size
from seesay.errors import UsageError


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def everything(client):
    parts = []
    while part := client.recv(4000):
        parts.append(part)
    return b"".join(parts).decode()


def pids(running):
    return [one.pid for one in running.service.engine.processes]


def test_a_body_that_is_too_long_is_refused_before_it_is_sent(start):
    running = start(max_body=1000)
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(
            b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\nConnection: close\r\n\r\n"
        )
        answer = everything(client)
    assert " 413 " in answer.splitlines()[0]
    assert "1,000 bytes, the limit of --max-body" in answer


def test_a_body_of_unstated_length_is_counted_as_it_comes(start):
    running = start(max_body=1000)
    head = b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(head + (b"190\r\n" + b"x" * 400 + b"\r\n") * 5)
        answer = everything(client)
    assert " 413 " in answer.splitlines()[0]
    assert '"limit":"--max-body"' in answer
    assert running.service.bodies.held == 0


def test_more_files_than_the_limit(start):
    running = start(max_files=2)
    answer = running.send(*[(f"{n}.jpg", b"x") for n in range(3)])
    assert (answer.status, answer.json["limit"]) == (413, "--max-files")


def test_a_full_queue_is_429_at_once_and_says_when_to_come_back(start):
    running = start(queue=2)
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(running.send, (f"{n}.jpg", b"sleep:0.6")) for n in range(2)]
        until(lambda: running.service.engine.free == 0)
        began = time.monotonic()
        answer = running.send(("late.jpg", b"x"))
        took = time.monotonic() - began
        assert answer.status == 429
        assert answer.json["limit"] == "--queue"
        assert int(answer.headers["retry-after"]) >= 1
        assert took < 0.5
        assert [one.result().status for one in held] == [200, 200]
    assert running.send(("again.jpg", b"x")).status == 200


def test_a_request_with_more_photos_than_there_is_room_for_lets_none_in(start):
    running = start(queue=2)
    assert running.send(*[(f"{n}.jpg", b"x") for n in range(3)]).status == 429
    assert running.service.engine.free == 2


def test_deadline(start):
    running = start(timeout=0.5)
    answer = running.send(("slow.jpg", b"sleep:2"))
    assert (answer.status, answer.json["limit"]) == (504, "--timeout")
    assert running.service.engine.free == 64


def test_a_body_that_does_not_arrive_is_408(start):
    running = start(timeout=0.3)
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nhalf")
        answer = client.recv(4000).decode()
    assert " 408 " in answer.splitlines()[0]
    assert running.service.bodies.held == 0


def test_a_head_that_does_not_arrive_is_cut_off(start):
    running = start(header_seconds=0.3)
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(b"POST /v1/caption HTTP/1.1\r\nHost: loc")
        began = time.monotonic()
        assert client.recv(100) == b""
        assert time.monotonic() - began < 5


def test_a_client_that_leaves_is_dropped_from_the_queue(start, tmp_path, monkeypatch):
    log = tmp_path / "opened"
    monkeypatch.setenv("FAKE_LOG", str(log))
    running = start(batch=1, queue=8)  # the worker holds two, so that the third and fourth wait
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(running.send, (f"held{n}", b"sleep:0.5")) for n in range(2)]
        until(lambda: running.service.engine.free == 6)
        client = socket.create_connection(("127.0.0.1", running.port), 10)
        client.sendall(b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\ngone")
        until(lambda: running.service.engine.free == 5)
        client.close()
        until(lambda: running.service.engine.free >= 6, 2)
        assert [one.result().status for one in held] == [200, 200]
    assert "photo" not in log.read_text()


def test_slow_and_broken_clients_do_not_slow_the_others(start):
    running = start()
    clients = []
    for number in range(60):
        client = socket.create_connection(("127.0.0.1", running.port), 10)
        client.sendall(
            [
                b"POST /v1/cap",
                b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nhalf",
                b"\x00\xff\r\n\r\n",
            ][number % 3]
        )
        clients.append(client)
    began = time.monotonic()
    assert running.send(("a.jpg", b"x")).status == 200
    assert time.monotonic() - began < 2
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset
        client.close()
    until(lambda: running.service.bodies.held == 0)
    assert running.send(("a.jpg", b"x")).status == 200


def test_what_kills_workers_is_answered_and_harms_no_other(start):
    running = start(batch=2)
    with ThreadPoolExecutor(4) as pool:
        evil = pool.submit(running.send, ("evil.png", b"die"))
        good = [pool.submit(running.send, (f"{n}.jpg", b"sleep:0.1")) for n in range(3)]
        assert evil.result().status == 422
        assert evil.result().json["detail"].startswith("evil.png: the decoder broke down")
        assert [one.result().status for one in good] == [200, 200, 200]
    assert running.service.metrics.text().decode().count("seesay_worker_deaths_total") > 0


def test_what_never_opens_is_ended(start):
    running = start(media_seconds=0.4)
    answer = running.send(("hang.png", b"hang"))
    assert (answer.status, answer.json["limit"]) == (422, "--media-seconds")
    until(lambda: running.service.engine.ready)
    assert running.send(("a.jpg", b"x")).status == 200


def test_a_worker_that_is_killed_loses_no_request(start):
    running = start(workers=2)
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(running.send, (f"{n}.jpg", b"sleep:0.2")) for n in range(8)]
        until(lambda: running.service.engine.free < 60)
        os.kill(pids(running)[0], signal.SIGKILL)
        answers = [one.result() for one in sent]
    assert [one.status for one in answers] == [200] * 8
    assert sorted(one.json[0]["path"] for one in answers) == sorted(f"{n}.jpg" for n in range(8))
    until(lambda: len(running.service.engine.ready) == 2)


def test_reload_takes_new_workers_and_loses_no_request(start):
    running = start()
    (old,) = pids(running)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(running.send, ("a.jpg", b"sleep:0.6"))
        until(lambda: running.service.engine.free == 63)
        running.on_loop(running.service.engine.reload())
        assert sent.result().status == 200
    until(lambda: old not in pids(running))
    assert running.send(("b.jpg", b"x")).status == 200


def test_a_reload_that_fails_changes_nothing(start):
    running = start()
    before = pids(running)
    running.service.engine.settings = ServiceSettings(models=("no-such-model",))
    running.on_loop(running.server._reloaded())
    assert pids(running) == before
    assert running.send(("b.jpg", b"x")).status == 200


def test_stopping_answers_what_was_let_in(start):
    running = start()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(running.send, ("a.jpg", b"sleep:0.5"))
        until(lambda: running.service.engine.free == 63)
        threading.Thread(target=running.stop).start()
        assert sent.result().status == 200


def test_sizes():
    assert parse_size("20MB", "--max-body") == 20_000_000
    assert parse_size("1.5 GiB", "--max-body") == 3 * 2**29
    for wrong in ("", "MB", "-1MB", "20 parsecs"):
        with pytest.raises(UsageError, match="--max-body"):
            parse_size(wrong, "--max-body")


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"queue": 0}, {"timeout": 0.0}, {"port": 70000}, {"worker_memory": 1}]
)
def test_settings_out_of_range_name_their_option(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')}"):
        ServiceSettings(**wrong)


def refused(running, body, *, close, token="none"):
    """The answer's status to a body that is sent whole before anything is read."""
    head = (
        f"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nAuthorization: Bearer {token}"
    )
    head += "\r\nConnection: close\r\n\r\n" if close else "\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), 30) as client:
        client.sendall(head.encode())
        client.sendall(body)
        answer = everything(client) if close else client.recv(4000).decode()
    return int(answer.split()[1])


@pytest.mark.parametrize("close", [True, False])
def test_a_large_body_that_is_refused_always_gets_its_answer(start, tmp_path, close):
    """Closing with bytes unread has the system reset the connection, often before the client saw the answer."""
    tokens = tmp_path / "tokens"
    tokens.write_text("a-token-of-twenty-chars\n")
    tokens.chmod(0o600)
    running = start(queue=1, max_body=4_000_000, token_file=tokens, timeout=60.0)
    token = "a-token-of-twenty-chars"
    body = bytes(3_900_000)
    assert [refused(running, body, close=close) for _ in range(10)] == [401] * 10
    assert [refused(running, bytes(12_000_000), close=close, token=token) for _ in range(10)] == [413] * 10
    with socket.create_connection(("127.0.0.1", running.port), 30) as held, ThreadPoolExecutor(5) as pool:
        held.sendall(
            b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n"
            + f"Authorization: Bearer {token}\r\n\r\nsleep:99".encode()
        )
        until(lambda: running.service.engine.free == 0)
        late = [pool.submit(refused, running, body, close=close, token=token) for _ in range(40)]
        assert [one.result() for one in late] == [429] * 40


def test_a_refused_body_is_kept_alive_after(start):
    running = start(max_body=1000)
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(b"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(4000)
        assert b" 413 " in answer
        client.sendall(b"x" * 2000 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in client.recv(4000)


@pytest.mark.parametrize("close", ["Connection: close\r\n", ""])
def test_a_refused_body_that_never_ends_holds_nothing(start, close):
    running = start(max_body=1000)
    protocol = running.server.config.http
    protocol.idle_seconds, protocol.most_lingering = 0.3, 3
    head = f"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\n{close}Content-Length: 999999999\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(head)  # and nothing more
        assert " 413 " in everything_or_reset(client)
    with socket.create_connection(("127.0.0.1", running.port), 10) as client:
        client.sendall(head)
        with pytest.raises(ConnectionError):
            send_for_good(client)  # more than is drained: 4,000 bytes
    held = [socket.create_connection(("127.0.0.1", running.port), 10) for _ in range(6)]
    for client in held:
        client.sendall(head)
        assert b" 413 " in client.recv(4000)
    assert len(protocol.lingering) <= 3
    if close:
        assert not any(one.lingers for one in running.server.server_state.connections)
    assert running.send(("a.jpg", b"x")).status == 200
    until(lambda: not protocol.lingering and not running.server.server_state.connections)
    for client in held:
        client.close()


def send_for_good(client):
    while True:
        client.sendall(b"x" * 1000)


def everything_or_reset(client):
    parts = []
    try:
        while part := client.recv(4000):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts).decode()
