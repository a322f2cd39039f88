"""One process at a time works in a folder."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seesay.errors import UsageError
from seesay.files import alone, replacing, write_csv, write_whole

HOLD = """
import sys
from pathlib import Path
from seesay.files import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_that_another_process_works_in_is_refused_until_it_ends(tmp_path: Path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another process works there"), alone(tmp_path):
            pass
    finally:
        other.kill()  # however it ends
        other.communicate()
    with alone(tmp_path):
        pass


def test_no_lock_where_the_file_system_knows_none(tmp_path: Path):
    with alone(tmp_path / "not made"):  # opening its lock fails as such a file system does
        done = True
    assert done


def test_no_cell_is_a_formula(tmp_path):
    file = tmp_path / "table.csv"
    write_csv(file, [["id", "caption"], ["=1+1", "@cmd"], [-0.5, "-1.5"], ["a", "plain, text"]])
    assert file.read_text("utf-8").splitlines() == ["id,caption", "'=1+1,'@cmd", "-0.5,-1.5", 'a,"plain, text"']


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o664])
def test_a_file_that_is_there_keeps_its_permissions(tmp_path, mode):
    file = tmp_path / "private.json"
    file.write_text("before")
    file.chmod(mode)
    with replacing(file) as part:
        assert part.stat().st_mode & 0o077 == 0, "nobody else may read what is being written"
        part.write_text("after")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("after", mode)


def test_what_killed_processes_left_is_swept(tmp_path):
    old, new, other = tmp_path / ".a.json.17.part", tmp_path / ".a.json.18.part", tmp_path / ".b.json.17.part"
    folder = tmp_path / ".a.json.19.folder.part"
    folder.mkdir()
    (folder / "x").write_text("x")
    for left in (old, new, other):
        left.write_text("half")
    for left in (old, other, folder):
        os.utime(left, (1, 1))
    write_whole(tmp_path / "a.json", "whole")
    assert sorted(tmp_path.iterdir()) == [new, other, tmp_path / "a.json"]


def test_threads_that_write_one_file_do_not_meet(tmp_path):
    faults = []

    def write(text: str) -> None:
        try:
            for _ in range(20):
                write_whole(tmp_path / "a", text)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(letter * 5000,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(set((tmp_path / "a").read_text())) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


WRITE = """
import sys, time
from pathlib import Path
import seesay.cli as cli
from seesay.cli.common import output

def run(arguments):
    with output(Path(sys.argv[1])) as stream:
        stream.write("half")
        stream.flush()
        print("begun", flush=True)
        time.sleep(30)

cli.run = run
cli.main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_and_leaves_nothing(tmp_path, number):
    (tmp_path / "out").write_text("before")
    call = [sys.executable, "-c", WRITE, str(tmp_path / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A suite that nohup started ignores SIGHUP, and so would what it starts.
    with subprocess.Popen(call, **pipes, text=True, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        assert len(list(tmp_path.iterdir())) == 2
        child.send_signal(number)
        _, told = child.communicate(timeout=20)
    assert (child.returncode, told) == (128 + number, "")
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    assert (tmp_path / "out").read_text() == "before"


@pytest.mark.skipif(os.name != "posix", reason="pipes of Unix")
@pytest.mark.parametrize("verb", [["--help"], ["score", "--help"], ["score", "a.json", "a.json", "--metrics", "bleu"]])
def test_a_reader_who_has_had_enough_is_no_fault(tmp_path, verb):
    (tmp_path / "a.json").write_text('{"1": "a dog runs"}')
    reader, writer = os.pipe()
    os.close(reader)
    call = [sys.executable, "-m", "seesay", *verb]
    done = subprocess.run(call, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
