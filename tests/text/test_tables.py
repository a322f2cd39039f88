"""Tables in every dialect, and the lines that faults name."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seesay.text.tables import TableError, column_name, parse_table

KNOWN = {"image", "caption", "image_name", "comment"}
CAPTIONS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20) | st.text(
    st.sampled_from("ab \"'\\,;|\t\n\r\u2028\u2029\x85\x0b\x0c\x1c"), max_size=12
)


def written(rows, **dialect):
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(rows)
    return text.getvalue()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(CAPTIONS, min_size=1, max_size=4),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]) | st.just(csv.QUOTE_MINIMAL),
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.booleans(),
)
def test_what_pythons_csv_writes_comes_back(captions, delimiter, quoting, end, sep):
    if quoting == csv.QUOTE_MINIMAL:  # which in Python 3.11 leaves a line end bare that is not its own, and so do we
        end = "\r\n"
        captions = [c if delimiter in c or '"' in c else c.replace("\r", "").replace("\n", "") for c in captions]
    rows = [["image", "caption"], *([f"{n}.jpg", caption] for n, caption in enumerate(captions))]
    text = written(rows, delimiter=delimiter, quoting=quoting, lineterminator=end)
    table = parse_table((f"sep={delimiter}{end}" if sep else "") + text, KNOWN)
    assert [row for _, row in table.rows] == rows[1:]
    assert table.names == ("image", "caption")


@pytest.mark.parametrize("caption", ['a "big" dog', '"no parking"', 'it says "stop, now"', '"a" and \\ "b"\nbelow'])
def test_quotes_after_a_backslash(caption):
    rows = [["image", "caption"], ["a.jpg", caption], ["b.jpg", "two, cats"]]
    text = written(rows, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\")
    assert [row for _, row in parse_table(text, KNOWN).rows] == rows[1:]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('image, caption\na.jpg, "two, cats"\nb.jpg, a dog\n', [(2, "a.jpg", "two, cats"), (3, "b.jpg", "a dog")]),
        ('"image","caption"\n"a.jpg", "two, cats"\n', [(2, "a.jpg", "two, cats")]),
        ("'image','caption'\n'a.jpg','two, cats'\n", [(2, "a.jpg", "two, cats")]),
        (
            "image,caption,,\na.jpg,a dog,,\n\n,,,\nb.jpg,a cat\n",
            [(2, "a.jpg", "a dog", "", ""), (5, "b.jpg", "a cat")],
        ),
        ("image,caption\na.jpg,a dog,,,\n", [(2, "a.jpg", "a dog")]),
        ('image,caption\na.jpg,"one\ntwo\r\nthree"\nb.jpg,x', [(2, "a.jpg", "one\ntwo\r\nthree"), (5, "b.jpg", "x")]),
        ('image\tcaption\na.jpg\t"no parking" signs\n', [(2, "a.jpg", '"no parking" signs')]),
        ('image\tcaption\na.jpg\t"no parking\nb.jpg\ta dog\n', [(2, "a.jpg", '"no parking'), (3, "b.jpg", "a dog")]),
        ('image_name| comment\na.jpg| "Stop" it says\n', [(2, "a.jpg", '"Stop" it says')]),
        ('image,caption\na.jpg,a 12" pizza\n', [(2, "a.jpg", 'a 12" pizza')]),
        ("image,caption\ra.jpg,a dog\r\rb.jpg,a cat\r", [(2, "a.jpg", "a dog"), (4, "b.jpg", "a cat")]),
        ('"sep=;"\r\nimage;caption\r\na.jpg;1,5 dogs\r\n', [(3, "a.jpg", "1,5 dogs")]),
        ("SEP=\t\nimage\tcaption\na.jpg\ta; dog\n", [(3, "a.jpg", "a; dog")]),
        ("\n\nimage;caption\na.jpg;a, b, c, d\n", [(4, "a.jpg", "a, b, c, d")]),
    ],
)
def test_hand_made_tables(text, rows):
    assert [(line, *row) for line, row in parse_table(text, KNOWN).rows] == rows


def test_a_cell_may_be_large():
    caption = "dog " * 100_000
    assert parse_table(f"image,caption\na.jpg,{caption}\n", KNOWN).rows == [(2, ["a.jpg", caption])]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('image,caption\na.jpg,"a\nb"\nb.jpg,"a dog\nc.jpg,x\n', 4),
        ('sep=,\nimage,caption\na.jpg,"a dog\n', 3),
        ('image,caption\na.jpg,"a\n\n\ndog" b\n', 2),
        ('"image,caption\n', 1),
    ],
)
def test_a_fault_names_the_first_line_of_its_row(text, line):
    with pytest.raises(TableError, match=f"^{line}: is not CSV"):
        parse_table(text, KNOWN)


def test_headings_are_compared_by_letters():
    assert column_name(" Image Name") == column_name("image-name") == column_name("IMAGE_NAME") == "image_name"
