"""Pickles that hold plain data, read by an interpreter of our own that can build nothing else.

A pickle is a program for a stack machine. Python's own reader runs it with whatever classes the program names. Here
no class is ever looked up: a few names mean something (an empty table, a NumPy scalar, text as bytes), and any other is
refused by name. Nothing of NumPy's is built by the program.
"""

from __future__ import annotations

import codecs
import pickle
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LARGEST = 2**30
"""Bytes of a pickle that are read at most."""
_DIGITS = 4000
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NAMES = {
    ("collections", "defaultdict"),
    *((module, name) for module in ("builtins", "__builtin__") for name in ("float", "int")),
    ("numpy", "dtype"),
    ("numpy", "float64"),
    *((module, "scalar") for module in _MULTIARRAY),
    ("_codecs", "encode"),
}
"""What a pickle may name: what tables are made with, what they are of when empty, and NumPy's scalars."""
_KEYS = (str, bytes, int, float, bool, type(None))
_SCALARS = {
    "f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "i2": "h", "i1": "b",
    "u8": "Q", "u4": "I", "u2": "H", "u1": "B", "b1": "?",
}  # fmt: skip


@dataclass
class _Name:
    """A class or function that the pickle names; never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class _Dtype:
    """The code and byte order of a NumPy scalar."""

    code: str
    order: str = "<"


_MARK = object()
_WORD = struct.Struct("<I").unpack_from


def load_plain(data: bytes) -> Any:
    """The dictionaries, lists, tuples, text, bytes and numbers (NumPy scalars among them) in a pickle.

    Text of Python 2 is read as UTF-8. A scalar becomes a float.

    Raises:
        pickle.UnpicklingError: it is damaged, or asks for anything else; "it holds MODULE.NAME".
    """
    if len(data) > LARGEST:
        raise pickle.UnpicklingError(f"it has {len(data)} bytes; at most {LARGEST} are read")
    try:
        value = _Machine(data).run()
    except pickle.UnpicklingError:
        raise
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, struct.error) as e:
        raise pickle.UnpicklingError(f"it is damaged ({type(e).__name__}: {e})") from e
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, (_Name, _Dtype)) or value is _MARK:
        raise pickle.UnpicklingError(f"it holds {value}")
    return value


class _Machine:
    """Runs a pickle: `stack` holds values and marks, `memo` what the pickle calls back."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        data, end, stack, memo = self.data, len(self.data), self.stack, self.memo
        while self.place < end:
            code = data[self.place]
            self.place += 1
            if code == 0x6A:  # LONG_BINGET: half of what a large table is made of
                stack.append(memo[_WORD(data, self.place)[0]])
                self.place += 4
                continue
            if code == 0x2E:  # STOP
                return stack.pop()
            step = _STEPS[code]
            if step is None:
                raise pickle.UnpicklingError(f"it holds the opcode {bytes([code])!r}")
            step(self)
        raise pickle.UnpicklingError("it ends too early")

    def take(self, count: int) -> bytes:
        """The next bytes of the program."""
        end = self.place + count
        if count < 0 or end > len(self.data):
            raise pickle.UnpicklingError("it ends too early")
        begin, self.place = self.place, end
        return self.data[begin:end]

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def line(self) -> bytes:
        return self.take(self.data.find(b"\n", self.place) + 1 - self.place)[:-1]

    def whole(self, text: bytes) -> int:
        if len(text) > _DIGITS:
            raise pickle.UnpicklingError(f"a number of it has {len(text)} digits")
        return int(text)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        stack = self.stack
        at = len(stack) - 1
        while stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise pickle.UnpicklingError("it has no mark where one belongs")
        values = stack[at + 1 :]
        del stack[at:]
        return values

    # What the opcodes do.

    def drop(self) -> None:
        self.stack.pop()

    def drop_marked(self) -> None:
        self.since_mark()

    def integer(self) -> None:
        text = self.line()
        self.push({b"00": False, b"01": True}[text] if text in (b"00", b"01") else self.whole(text))

    def long(self) -> None:
        self.push(self.whole(self.line().removesuffix(b"L")))

    def long_bytes(self, count: int) -> None:
        if count > 255:
            raise pickle.UnpicklingError(f"a number of it has {count} bytes")
        self.push(int.from_bytes(self.take(count), "little", signed=True))

    def old_text(self) -> None:
        text = self.line()
        if len(text) < 2 or text[:1] not in b"'\"" or text[-1:] != text[:1]:
            raise pickle.UnpicklingError("a text of it has no quotes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python will not know one day
            self.push(_text(codecs.escape_decode(text[1:-1])[0]))

    def fill_list(self, values: list[Any]) -> None:
        self.filled(list).extend([_plain(value) for value in values])

    def fill_table(self, values: list[Any]) -> None:
        _put(self.filled(dict), values)

    def last(self, count: int) -> list[Any]:
        return [self.stack.pop() for _ in range(count)][::-1]

    def table(self) -> None:
        made: dict[Any, Any] = {}
        _put(made, self.since_mark())
        self.push(made)

    def filled(self, kind: type) -> Any:
        target = self.stack[-1]
        if type(target) is not kind:
            raise pickle.UnpicklingError(f"it fills {_named(target)}, which is no {kind.__name__}")
        return target

    def put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def get(self, place: int) -> None:
        self.push(self.memo[place])

    def name(self, module: object, name: object) -> None:
        if (module, name) not in _NAMES or not (isinstance(module, str) and isinstance(name, str)):
            raise pickle.UnpicklingError(f"it holds {module!s:.60}.{name!s:.60}")
        self.push(_Name(module, name))

    def name_from_lines(self) -> None:
        self.name(self.line().decode("utf-8"), self.line().decode("utf-8"))

    def name_from_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise pickle.UnpicklingError("a name of it is no text")
        self.name(module, name)

    def call(self) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if not isinstance(called, _Name) or not isinstance(arguments, tuple):
            raise pickle.UnpicklingError(f"it calls {_named(called)}")
        self.push(_called(called, arguments))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if not isinstance(target, _Dtype):
            raise pickle.UnpicklingError(f"it sets the state of {_named(target)}")
        # (version, byte order, subarray, names, fields, itemsize, alignment, flags): a plain number has none of these.
        if type(state) is not tuple or len(state) < 5 or state[1] not in ("<", ">", "|", "=") or any(state[2:5]):
            raise pickle.UnpicklingError("it holds a NumPy type that is no plain number")
        if len(state) > 7 and state[7] != 0:
            raise pickle.UnpicklingError("it holds a NumPy type that is no plain number")
        target.order = state[1]


def _named(value: object) -> str:
    return str(value) if isinstance(value, _Name) else f"a {type(value).__name__.lstrip('_').lower()}"


def _text(raw: bytes) -> str | bytes:
    """What Python 2 called text: UTF-8, else the bytes themselves, as a NumPy scalar's are."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _put(target: dict[Any, Any], values: list[Any]) -> None:
    if len(values) % 2:
        raise pickle.UnpicklingError("a table of it has a key without a value")
    for key, value in zip(values[::2], values[1::2], strict=True):
        # Keys are hashed, at any depth: only flat ones are taken.
        flat = isinstance(key, _KEYS) or (type(key) is tuple and all(isinstance(part, _KEYS) for part in key))
        if not flat:
            raise pickle.UnpicklingError(f"it holds {_named(key)} as a key")
        target[key] = _plain(value)


def _called(called: _Name, arguments: tuple[Any, ...]) -> Any:
    """What one of the few calls that plain data needs gives."""
    if called.name == "defaultdict":
        return {}
    if called.name == "dtype" and arguments:
        return _Dtype(_code(arguments[0]))
    if called.name == "scalar":
        return _scalar(*arguments)
    if called.name == "encode" and len(arguments) == 2 and arguments[1] == "latin1":
        return arguments[0].encode("latin-1")  # bytes, as Python 3 writes them for Python 2
    raise pickle.UnpicklingError(f"it calls {called}")


def _code(value: Any) -> str:
    code = value if isinstance(value, str) else ""
    if code not in _SCALARS:
        raise pickle.UnpicklingError("it holds a NumPy type that is no plain number")
    return code


def _scalar(kind: Any, raw: Any) -> float:
    if not isinstance(kind, _Dtype):
        raise pickle.UnpicklingError("it holds a NumPy scalar of no type")
    order = "<" if kind.order in "|=" else kind.order
    # Python 2 wrote the bytes as text, which `_text` took for UTF-8 where it could.
    stored = raw.encode("utf-8") if isinstance(raw, str) else raw
    return float(struct.unpack(order + _SCALARS[kind.code], stored)[0])


_CODES: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": lambda m: None if m.take(1)[0] <= 5 else _refuse("it is of a newer protocol"),
    b"\x95": lambda m: None if m.number("<Q") <= len(m.data) else _refuse("it ends too early"),
    b"(": lambda m: m.push(_MARK),
    b"0": _Machine.drop,
    b"1": _Machine.drop_marked,
    b"2": lambda m: m.push(m.stack[-1]),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": _Machine.integer,
    b"J": lambda m: m.push(m.number("<i")),
    b"K": lambda m: m.push(m.take(1)[0]),
    b"M": lambda m: m.push(m.number("<H")),
    b"L": _Machine.long,
    b"\x8a": lambda m: m.long_bytes(m.take(1)[0]),
    b"\x8b": lambda m: m.long_bytes(m.number("<I")),
    b"F": lambda m: m.push(float(m.line()[:64])),
    b"G": lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
    b"S": _Machine.old_text,
    b"T": lambda m: m.push(_text(m.take(m.number("<i")))),
    b"U": lambda m: m.push(_text(m.take(m.take(1)[0]))),
    b"V": lambda m: m.push(m.line().decode("raw-unicode-escape")),
    b"X": lambda m: m.push(m.take(m.number("<I")).decode("utf-8")),
    b"\x8c": lambda m: m.push(m.take(m.take(1)[0]).decode("utf-8")),
    b"\x8d": lambda m: m.push(m.take(m.number("<Q")).decode("utf-8")),
    b"B": lambda m: m.push(m.take(m.number("<I"))),
    b"C": lambda m: m.push(m.take(m.take(1)[0])),
    b"\x8e": lambda m: m.push(m.take(m.number("<Q"))),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b")": lambda m: m.push(()),
    b"\x85": lambda m: m.push(tuple(m.last(1))),
    b"\x86": lambda m: m.push(tuple(m.last(2))),
    b"\x87": lambda m: m.push(tuple(m.last(3))),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"l": lambda m: m.push([_plain(v) for v in m.since_mark()]),
    b"d": _Machine.table,
    b"a": lambda m: m.fill_list(m.last(1)),
    b"e": lambda m: m.fill_list(m.since_mark()),
    b"s": lambda m: m.fill_table(m.last(2)),
    b"u": lambda m: m.fill_table(m.since_mark()),
    b"p": lambda m: m.put(m.whole(m.line())),
    b"q": lambda m: m.put(m.take(1)[0]),
    b"r": lambda m: m.put(m.number("<I")),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"g": lambda m: m.get(m.whole(m.line())),
    b"h": lambda m: m.get(m.take(1)[0]),
    b"c": _Machine.name_from_lines,
    b"\x93": _Machine.name_from_stack,
    b"R": _Machine.call,
    b"b": _Machine.build,
}


def _refuse(why: str) -> None:
    raise pickle.UnpicklingError(why)


_STEPS: list[Callable[[_Machine], None] | None] = [_CODES.get(bytes([code])) for code in range(256)]
