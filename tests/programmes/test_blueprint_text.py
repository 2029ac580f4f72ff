"""Where a key stands in a TOML file, in all the ways that TOML may be written."""

import tomllib
from itertools import islice

import pytest

from incubator.programmes.blueprint_text import Lines, hostile_line, tokens

CROOKED = r'''# a = 1
"quoted key" = 2
text = """
[not.a.table]
a = "
"""
[ 'outer' . inner ] # [no]
a.b.c = { d = 1, "e f" = [1,
  2, # ]
  [ "]", '}' ],
], g = 1979-05-27 07:32:00.5 }
more = """\"""
x = 1 \
"""""
last = -1.5e3
[[list]]
a = [
]
[[list.deep]]
b = ""
[[list.deep]]
b = ''
[[list]]
[list.deep]
c = true
"""odd = "key"""" = 3
'''.replace('"""odd = "key"""" = 3\n', "'odd = \"key' = 3")

INNER = ("outer", "inner", "a", "b", "c")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("quoted key",), 2),
        (("text",), 3),
        (("outer", "inner"), 7),
        (INNER, 8),
        ((*INNER, "d"), 8),
        ((*INNER, "e f"), 8),
        ((*INNER, "e f", 0), 8),
        ((*INNER, "e f", 1), 9),
        ((*INNER, "e f", 2), 10),
        ((*INNER, "e f", 2, 1), 10),
        ((*INNER, "g"), 11),
        (("outer", "inner", "more"), 12),
        (("outer", "inner", "last"), 15),
        (("list",), 16),
        (("list", 0), 16),
        (("list", 0, "a"), 17),
        (("list", 0, "deep"), 19),
        (("list", 0, "deep", 0), 19),
        (("list", 0, "deep", 0, "b"), 20),
        (("list", 0, "deep", 1), 21),
        (("list", 0, "deep", 1, "b"), 22),
        (("list", 1), 23),
        (("list", 1, "deep"), 24),
        (("list", 1, "deep", "c"), 25),
        (("list", 1, "deep", 'odd = "key'), 26),
    ],
)
def test_the_line_of_every_key_is_found(path, line):
    held = tomllib.loads(CROOKED)
    for part in path:
        held = held[part]
    assert Lines(tokens(CROOKED)).of(path) == line


def test_what_is_not_there_has_the_line_of_the_table_around_it():
    lines = Lines(tokens(CROOKED))
    assert lines.of(("list", 1, "deep", "absent", 7)) == 24
    assert lines.of(("absent",)) == 1


def test_strings_and_comments_nest_nothing():
    assert hostile_line(tokens('a = "' + "[" * 50 + '" # ' + "[" * 50 + "\nb = '" + "." * 50 + "'\n")) is None


@pytest.mark.parametrize("quotes", ['"', "'"])
def test_a_block_may_end_in_quotes_of_its_own(quotes):
    for own in range(3):
        text = f"a = {quotes * 3}x{quotes * own}{quotes * 3}\nb = 1"
        assert tomllib.loads(text)["a"] == f"x{quotes * own}"
        assert [each.line for each in islice(tokens(text), 4, None)] == [2, 2, 2]
