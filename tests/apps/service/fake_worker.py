"""A worker without models: answers by what the bytes say, so that queue, limits and page are tested in no time."""

import json
import os
import sys
import time
from dataclasses import asdict

from seesay.apps.service import protocol
from seesay.runtime.alt_text import alt_text_of

WORDS = ["a", "red", "square"]


def caption(head, text):
    words = text.split()
    one = {"text": text, "score": -1.0, "tokens": [{"token": word, "logprob": -0.5} for word in words]}
    if head.get("attention"):
        looks = [{"word": w, "weights": [float(i == n % 4) for i in range(4)]} for n, w in enumerate(words)]
        one["attention"] = {"rows": 2, "columns": 2, "box": [0, 0, 1, 1], "words": looks}
    return one


def answer(head, data):
    name, model = head["name"], head.get("model") or "default"
    if head["task"] == "recognize":
        shown = [{"label": "Surfing", "probability": 0.9}, {"label": "Archery", "probability": 0.1}]
        return [{"path": name, "predictions": shown[: head["top"]], "model": model, "error": None}]
    num = head["search"].get("num", 1)
    captions = [caption(head, f"{' '.join(WORDS)} of {len(data)} bytes{' again' * n}") for n in range(num)]
    for mark, confidence, sure in ((b"doubt", 0.21, False), (b"certain", 0.87, True)):
        if data.endswith(mark):
            captions = [{**one, "confidence": confidence, "sure": sure} for one in captions]
    entry = {"path": name, "captions": captions, "model": model, "error": None}
    if head.get("alt_text"):
        best = captions[0]
        entry["alt_text"] = asdict(alt_text_of(best["text"], best.get("sure"), None))
    if not head["per_scene"]:
        return [entry]
    return [{**entry, "start": 2.0 * n, "end": 2.0 * (n + 1)} for n in range(2)]


def main():
    source, out = sys.stdin.buffer, sys.stdout.buffer

    def say(**head):
        out.write(protocol.pack(head))
        out.flush()

    given = json.loads(sys.argv[1])
    log = os.environ.get("FAKE_LOG")
    say(event="ready", threads=given["threads"])
    while (message := protocol.read(source)) is not None:
        head, data = message
        if head["do"] != "job":
            continue
        if log:
            with open(log, "a") as file:  # noqa: PTH123
                file.write(f"{head['name']}\n")
        say(event="open", id=head["id"])
        if data.startswith(b"hang"):
            time.sleep(60)
        if data.startswith(b"die"):
            os._exit(3)
        done = {"event": "done", "id": head["id"], "seconds": {"open": 0.001, "network": 0.001}, "batch": 1}
        if data.startswith(b"bad"):
            say(**done, entries=[], error=f"{head['name']}: not a picture", kind="media")
            continue
        say(event="opened", id=head["id"])
        if data.startswith(b"sleep"):
            time.sleep(float(data.split(b":")[1]))
        say(**done, entries=answer(head, data), error=None, kind="")


if __name__ == "__main__":
    main()
