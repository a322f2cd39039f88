"""One process at a time works in a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from seesay.errors import UsageError
from seesay.files import alone, write_csv

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
