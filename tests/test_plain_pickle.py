"""Pickles: plain data is read as Python reads it, and whatever else one asks for is refused by name."""

from __future__ import annotations

import collections
import contextlib
import os
import pickle
import pickletools
import random
import struct
import time
from typing import Any

import numpy as np
import pytest

from seesay.errors import DataError
from seesay.metrics import read_frequencies
from seesay.plain_pickle import load_plain

PLAIN: dict[str, Any] = {
    "words": ["a", "häuser", "犬", ""],
    "numbers": (0, 1, -1, 255, 65_536, -(2**31), 2**40, -(2**70), 1.5, -0.0, float("inf")),
    "none": [None, True, False],
    ("a", "dog"): 3.0,
    "bytes": b"\x00\xff",
    "nested": {"x": {"y": [[], (), {}]}},
}
PLAIN["again"] = PLAIN["words"]  # what the memo is for


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_read_as_python_reads_it(protocol: int) -> None:
    read = load_plain(pickle.dumps(PLAIN, protocol))
    assert read == PLAIN
    assert read["again"] is read["words"]
    assert [type(number) for number in read["numbers"]] == [type(number) for number in PLAIN["numbers"]]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1", ">f8", ">i4"])
def test_numpy_scalars_are_numbers(protocol: int, kind: str) -> None:
    value = np.ones(1, kind)[0]
    assert load_plain(pickle.dumps([value], protocol)) == [1.0]


def test_tables_with_a_default(tmp_path: Any) -> None:
    table = collections.defaultdict(float, {("a",): 2.0, ("a", "dog"): 1.0})
    assert load_plain(pickle.dumps(table)) == dict(table)


def test_a_table_written_by_python_2() -> None:
    # What `cPickle.dumps({u"ref_len": numpy.float64(233.0), "df": defaultdict(float, {("a", "é"): 1.0})}, 2)` gives;
    # the bytes of 233.0 begin with six that are text, and end in two that are not UTF-8 alone.
    scalar = (
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tbU\x08" + struct.pack("<d", 233.0) + b"tR"
    )
    table = (
        b"ccollections\ndefaultdict\nc__builtin__\nfloat\n\x85RU\x01aU\x02\xc3\xa9\x86G" + struct.pack(">d", 1) + b"s"
    )
    data = b"\x80\x02}(X\x07\x00\x00\x00ref_len" + scalar + b"U\x02df" + table + b"u."
    assert load_plain(data) == {"ref_len": 233.0, "df": {("a", "é"): 1.0}}


class Calls:
    def __init__(self, *how: Any) -> None:
        self.how = how

    def __reduce__(self) -> Any:
        return self.how


HOSTILE = {
    "a system call": (pickle.dumps(Calls(os.system, ("true",))), "it holds posix.system"),
    "a builtin": (pickle.dumps(Calls(print, ("harm",)), 0), "it holds __builtin__.print"),
    "a name alone": (pickle.dumps([print]), "it holds builtins.print"),
    "a class of numpy": (pickle.dumps(np.zeros(3)), "it holds numpy"),
    "a dtype with objects": (pickle.dumps(np.dtype("O")), "NumPy type that is no plain number"),
    "a dtype of fields": (pickle.dumps(np.dtype([("a", "i4")])), "NumPy type that is no plain number"),
    # A dtype whose state hides that it holds pointers: followed, they crashed the process.
    "a dtype whose flags are hidden": (
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'|'\nN(S'a'\ntN"
        b"I8\nI1\nI0\ntbS'AAAAAAAA'\ntR.",
        "NumPy type that is no plain number",
    ),
    "a dtype with flags": (
        b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI8\nI1\nI63\ntb.",
        "NumPy type that is no plain number",
    ),
    "a scalar of too few bytes": (
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\nI0\nI1\ntRS'AAA'\ntR.",
        "damaged",
    ),
    "the state of a list": (b"](I1\ntb.", "sets the state of a list"),
    "a text that is called": (b"S'a'\n(tR.", "calls a str"),
    "a persistent id": (b"Pme\n.", "opcode b'P'"),
    "an extension": (b"\x82\x01.", "opcode"),
    "an object made anew": (b"cnumpy\nfloat64\n)\x81.", "opcode"),
    "an instance": (b"(S'x'\ni__main__\nX\n.", "opcode b'i'"),
    "a set": (pickle.dumps({1, 2}), "opcode"),
    "a bytearray": (pickle.dumps(bytearray(b"x"), 5), "opcode"),
    "a key that is deep": (b"}" + b"(" * 9 + b"K\x01" + b"t" * 9 + b"K\x01s.", "as a key"),
    "a list that fills a text": (b"S'a'\nI1\na.", "is no list"),
    "a dtype as value": (b"(cnumpy\ndtype\n(S'f8'\ntRl.", "it holds"),
    "a memo of 2**31": (b"I1\nr\xff\xff\xff\x7fh\x00.", "damaged"),
    "a text of 2**62 bytes": (b"\x8d" + struct.pack("<Q", 2**62) + b"a.", "ends too early"),
    "a text of -1 bytes": (b"T\xff\xff\xff\xffa.", "ends too early"),
    "a number of 10,000 digits": (b"I" + b"9" * 10_000 + b"\n.", "has 10000 digits"),
    "a number of 2**31 bytes": (b"\x8b\xff\xff\xff\x7f.", "has 2147483647 bytes"),
    "a newer protocol": (b"\x80\x09N.", "newer protocol"),
    "no mark": (b"t.", "damaged"),
    "an empty stack": (b".", "damaged"),
    "nothing": (b"", "ends too early"),
    "an escape that is none": (rb"S'\x9'" + b"\n.", "damaged"),
    "a key without a value": (b"(I1\nd.", "a key without a value"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_anything_else_is_refused_by_name(name: str) -> None:
    data, why = HOSTILE[name]
    with pytest.raises(pickle.UnpicklingError) as caught:
        load_plain(data)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hidden_object_dtype_is_one_line_for_who_scores(tmp_path: Any) -> None:
    file = tmp_path / "df.p"
    file.write_bytes(HOSTILE["a dtype whose flags are hidden"][0])
    with pytest.raises(DataError, match=r"df\.p: not a table of document frequencies"):
        read_frequencies(file)


def test_tuples_in_tuples_without_end_need_no_stack_of_their_own() -> None:
    value = load_plain(b"N" + b"\x85" * 200_000 + b".")
    assert type(value) is tuple
    del value


def test_a_million_entries_take_seconds() -> None:
    table = {(f"w{i % 5000}", f"v{i // 5000}"): float(i) for i in range(100_000)}
    begin = time.process_time()
    assert load_plain(pickle.dumps(table, 2)) == table
    assert time.process_time() - begin < 10


def test_any_change_of_a_byte_gives_data_or_an_unpickling_error() -> None:
    rng = random.Random(3)
    seeds = [pickle.dumps(PLAIN, p) for p in (0, 2, 4)] + [data for data, _ in HOSTILE.values() if len(data) < 500]
    seeds += [pickletools.optimize(pickle.dumps({"a": np.float64(3)}, p)) for p in (0, 2, 4)]
    for _ in range(6000):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 2, 6))):
            if data:
                data[rng.randrange(len(data))] = rng.choice((rng.randrange(256), *b"(.tRbcqdu\x85\x93"))
        with contextlib.suppress(pickle.UnpicklingError):
            load_plain(bytes(data))
