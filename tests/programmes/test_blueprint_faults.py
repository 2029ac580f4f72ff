import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incubator.programmes.blueprint import BlueprintFaults, read, write
from programmes.sample_blueprint import GOOD, faults, line_of

EXAMPLES = int(os.environ.get("BLUEPRINT_EXAMPLES", "200"))
some = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))

# --- Faults, one at a time --------------------------------------------------------------------------------------------

FIELD = "modules[1].assignments[1].fields"

# What stands in the good file, what replaces it, and the key and reason of the only fault there is then. Its line is the
# one where the replacement begins, or that of the comment #!.
WRONG = [
    ('key = "demo"', 'key = "Demo"', "key", "A key is up to 60"),
    ('key = "demo"', "key = 5", "key", "A key is up to 60"),
    ("version = 1", "version = true", "version", "whole number"),
    ("version = 1", "version = 0", "version", "between 1 and 10000"),
    ('key = "demo"\nversion = 1', 'key = "demo"', "version", "missing"),
    ("version = 1", "version = 1\ncolour = 3 #!", "colour", "Unknown key. Known here: key, version"),
    ('name = "Demo"', "name = 1979-05-27 07:32:00", "name", "text in quotes"),
    ('name = "Demo"', 'name = " "', "name", "empty"),
    ('name = "Demo"', f'name = "{"x" * 201}"', "name", "Too long: 201 characters of at most 200"),
    ('name = "Demo"', 'name = "De\\nmo"', "name", "on one line"),
    ('name = "Demo"', 'name = "De\\u0000mo"', "name", "control character"),
    ('name = "Demo"', 'name = "De\u202emo"', "name", "control character"),
    ('language = "en"', 'language = "fr"', "language", "one of: ru, en"),
    ('language = "en"', "language = []", "language", "one of: ru, en"),
    ("max_members = 5", "max_members = 0.5", "team.max_members", "whole number"),
    ("max_members = 5", "max_members = 1001", "team.max_members", "between 1 and 1000"),
    ("min_members = 1\nmax_members = 5", "min_members = 6\nmax_members = 5 #!", "team.max_members", "Fewer than the"),
    ('["head", "deputy_head"]', '["head",\n"boss" #!\n]', "team.eligible_positions[2]", "one of: head"),
    ('["head", "deputy_head"]', '["head",\n"head" #!\n]', "team.eligible_positions[2]", "twice: head"),
    ('["head", "deputy_head"]', "[]", "team.eligible_positions", "from 1 to 6 entries"),
    ('["head", "deputy_head"]', '"head"', "team.eligible_positions", "list in square brackets"),
    ('key = "second"', 'key = "first" #!', "modules[2].key", "twice: first"),
    (
        "opens_on_day = 10\ndue_on_day = 20",
        "opens_on_day = 10\ndue_on_day = 9 #!",
        "modules[2].due_on_day",
        "before it",
    ),
    ("opens_on_day = 10", "opens_on_day = 10.0", "modules[2].opens_on_day", "whole number"),
    ("due_on_day = 20", "due_on_day = 1501", "modules[2].due_on_day", "between 0 and 1500"),
    ('due_time = "17:30"', 'due_time = "24:00"', "modules[1].due_time", "time of day"),
    ('due_time = "17:30"', "due_time = 17:30:00", "modules[1].due_time", "time of day"),
    ('"open_by_date"', '"open_by_date"\nlate_work = "later" #!', "modules[2].late_work", "one of: refused, marked"),
    ('"open_by_date"', '"open_by_date"\ngrace_minutes = 1441 #!', "modules[2].grace_minutes", "between 0 and 1440"),
    (
        '"open_by_date"',
        '"open_by_date"\nlate_work = "marked"\ngrace_minutes = 5 #!',
        "modules[2].grace_minutes",
        "a deadline that closes",
    ),
    ('"open_by_date"', '"all_required_accepted" #!', "modules[2].gate", "the module has none"),
    ('"open_by_date"', '"moon"', "modules[2].gate", "one of: all_required_accepted, open_by_date"),
    ("rework_limit = 1", "rework_limit = 1.5", "modules[1].assignments[1].rework_limit", "whole number"),
    ("rework_limit = 1", 'required = "yes"', "modules[1].assignments[1].required", "true or false"),
    ('key = "side"', 'key = "thought" #!', f"{FIELD}[2].key", "twice: thought"),
    ("limit = 200", "limit = 301", f"{FIELD}[1].limit", "from 1 to 300"),
    ("limit = 200", "limit = 0", f"{FIELD}[1].limit", "from 1 to 300"),
    ("limit = 200", "limit = 200\ncolumns = ['x'] #!", f"{FIELD}[1].columns", "Only a table"),
    ("limit = 200", "limit = 200\noptions = ['x'] #!", f"{FIELD}[1].options", "Only a choice"),
    ('["left", "right"]', '["left"]', f"{FIELD}[2].options", "at least two"),
    ('"right"]', '"right"]\nlimit = 3 #!', f"{FIELD}[2].limit", "has no limit"),
    ('columns = ["Year", "Value"]', "columns = []", f"{FIELD}[3].columns", "needs columns"),
    ("weight = 3", "weight = 0", "criteria[1].weight", "between 1 and 1000"),
    ("weight = 3", "weight = -3", "criteria[1].weight", "between 1 and 1000"),
    ("weight = 3", "weight = 1000000000", "criteria[1].weight", "between 1 and 1000"),
    ("scale_max = 5", "scale_max = 1 #!", "criteria[2].scale_max", "above its beginning"),
    ("scale_max = 10", "scale_max = 101", "criteria[1].scale_max", "between 0 and 100"),
    ("scale_max = 10", "scale_max = -0.5", "criteria[1].scale_max", "between 0 and 100"),
    ("scale_max = 5", "scale_max = nan", "criteria[2].scale_max", "three decimals"),
    ("scale_max = 5", "scale_max = inf", "criteria[2].scale_max", "three decimals"),
    ("scale_max = 5", "scale_max = 1e999999999", "criteria[2].scale_max", "three decimals"),
    ("scale_max = 5", "scale_max = 1e-999999999", "criteria[2].scale_max", "three decimals"),
    ("scale_max = 5", "scale_max = 0x" + "f" * 5000, "criteria[2].scale_max", "three decimals"),
    ("scale_max = 5", "scale_max = 5.0001", "criteria[2].scale_max", "three decimals"),
    ("scale_max = 5", "scale_max = true", "criteria[2].scale_max", "three decimals"),
    ("step = 0.5", "step = 0.3", "criteria[1].step", "equal parts"),
    ("step = 0.5", "step = 0 #!", "criteria[1].step", "equal parts"),
    ("step = 0.5", "step = 0.05", "criteria[1].step", "at most 100"),
    ('"7.5"', '"7.7"', "criteria[1].anchors.7.7", "No mark can be 7.7"),
    ('"7.5"', '"10.5"', "criteria[1].anchors.10.5", "No mark can be 10.5"),
    ('"7.5"', '"best"', "criteria[1].anchors.best", "its score"),
    ('"7.5"', '"7.٥"', "criteria[1].anchors.7.٥", "its score"),
    ('"7.5"', "7.5", "criteria[1].anchors.7", "text in quotes"),
    ('[criteria.anchors]\n"0"', '[criteria.anchors]\n"0.0" = "none"\n"0"', "criteria[1].anchors", "same score"),
    ('[criteria.anchors]\n"0" = "none"\n"7.5" = "strong"', "anchors = 5", "criteria[1].anchors", "must be a table"),
    ("minimum_sheets = 3\nquorum = 4", "minimum_sheets = 5\nquorum = 4 #!", "jury.quorum", "so few jurors"),
    ('"vote", "shared"]', '"shared", "vote"]', "jury.ties[2]", "last rule"),
    ('"criterion:effect"', '"criterion:effort"', "jury.ties[1]", "no criterion with this key"),
    ('"criterion:effect"', '"by_name"', "jury.ties[1]", "criterion:"),
    ('"criterion:effect"', "{ rule = 1 }", "jury.ties[1]", "criterion:"),
    ("decimals = 2", "decimals = 7", "jury.decimals", "between 0 and 6"),
    ("[jury]", "[[jury]]", "jury", "must be a table"),
]


@pytest.mark.parametrize(("good", "bad", "key", "reason"), WRONG)
def test_a_fault_is_named_by_its_line_and_key(good, bad, key, reason):
    assert good in GOOD
    text = GOOD.replace(good, bad, 1)
    ((line, name, said),) = faults(text)
    assert name == key
    assert reason in said
    assert line == line_of(text, "#!" if "#!" in text else bad)


@pytest.mark.parametrize("name", ["opens_on_day", "due_on_day"])
def test_modules_stand_in_the_order_of_their_dates(name):
    first = GOOD.replace("opens_on_day = 0\ndue_on_day = 7", "opens_on_day = 11\ndue_on_day = 20")
    text = first if name == "opens_on_day" else GOOD.replace("due_on_day = 7", "due_on_day = 21")
    assert [(line, key) for line, key, _ in faults(text)] == [
        (line_of(text, "opens_on_day = 10") + (name == "due_on_day"), f"modules[2].{name}")
    ]


@pytest.mark.parametrize(
    ("tables", "reason"),
    [("modules = 5", "of tables"), ("modules = [1]", "of tables"), ("modules = []", "from 1 to 30")],
)
def test_modules_must_be_a_list_of_tables(tables, reason):
    start, end = GOOD.index("[[modules]]"), GOOD.index("[[criteria]]")
    ((line, name, said),) = faults(f"{tables}\n{GOOD[:start]}{GOOD[end:]}")
    assert (line, name) == (1, "modules")
    assert reason in said


def test_every_fault_of_a_file_is_named_at_once_and_in_the_order_of_lines():
    text = GOOD
    for good, bad in (
        ('key = "demo"', 'key = "de mo"'),
        ("max_members = 5", 'max_members = "5"'),
        ('title = "First"', "colour = 1"),
        ("due_on_day = 7", "due_on_day = 21"),
        ('kind = "choice"', 'kind = "guess"'),
        ("limit = 5", "limit = 500"),
        ("weight = 3", "weight = 0"),
        ('"7.5"', '"7.7"'),
        ("weight = 1", ""),
        ('"criterion:effect"', '"criterion:effort"'),
        ("decimals = 2", "decimals = 2.5"),
    ):
        assert good in text
        text = text.replace(good, bad, 1)
    assert [(key, reason[:12]) for _, key, reason in faults(text)] == [
        ("key", "A key is up "),
        ("team.max_members", "This must be"),
        ("modules[1].title", "This key is "),
        ("modules[1].colour", "Unknown key."),
        (f"{FIELD}[2].kind", "This must be"),
        (f"{FIELD}[3].limit", "A field of t"),
        ("modules[2].due_on_day", "Earlier than"),
        ("criteria[1].weight", "This must be"),
        ("criteria[1].anchors.7.7", "No mark can "),
        ("criteria[2].weight", "This key is "),
        ("jury.ties[1]", "There is no "),
        ("jury.decimals", "This must be"),
    ]


def test_an_empty_file_lacks_everything():
    assert [key for _, key, _ in faults("")] == ["key", "version", "name", "team", "modules", "criteria", "jury"]


def test_reasons_are_told_in_russian():
    with pytest.raises(BlueprintFaults) as caught:
        read(GOOD.replace("weight = 3", "weight = 0"))
    assert str(caught.value.faults[0].reason) == "Число должно быть от 1 до 1000."


# --- Text that is not a blueprint, or not TOML, or an attack ----------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "line", "reason"),
    [
        ('a = 1\nb = "open\nc = 3', 2, "not TOML"),
        ("a = 1\n= 2", 2, "not TOML"),
        ('a = 1\nb = """never closed\n', 3, "not TOML"),
        ("a = 1\na = 2\n", 2, "set twice"),
        ("[a]\n[b]\n[a]\n", 3, "set twice"),
        ("[[a]]\n[a.b]\n[[a.b]]\n", 3, "set twice"),
        ("a = 1\nb = " + "9" * 5000, 2, "not TOML"),
        ("a = 1\nb = " + "[" * 13, 2, "too deep"),
        ("\nb = " + "{a=" * 13, 2, "too deep"),
        ("\n\n" + ".".join("a" * 9) + " = 1", 3, "too deep"),
        ("\n\n[" + ".".join("a" * 9) + "]", 3, "too deep"),
        ('name = "a\udc00"', 1, "control character"),
    ],
)
def test_what_is_not_toml_is_refused_by_line(bad, line, reason):
    assert (line, True) in [(at, reason in said) for at, _, said in faults(bad)]


def test_a_file_over_256_kilobytes_is_refused():
    assert "larger than 256 kB" in faults(GOOD + "#" + "я" * 131_072)[0][2]
    assert read(GOOD + "#" + "я" * 130_000) == read(GOOD)


HOSTILE = [
    '"', "'", '"\\', '\\"', '"""', "'''", '"""\\"', "[", "]", "{", "a.", "a.a=1\n", "[[a]]\n", "a=[\n", "=", "#\n",
    "9", "é", '"""\n', "\\", "[a.b]\n", "x=1\n", "[]\n",
]  # fmt: skip


@pytest.mark.parametrize("before", ["", "a = ", "[", '"""'])
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_files_cost_little(piece, before):
    text = before + piece * (100_000 // len(piece.encode()))
    start = time.process_time()
    with pytest.raises(BlueprintFaults):
        read(text)
    assert time.process_time() - start < 2


def test_thousands_of_unknown_keys_cost_little():
    start = time.process_time()
    assert len(faults("".join(f"k{number}=1\n" for number in range(10_000)))) == 10_007
    assert time.process_time() - start < 2


@some
@given(st.text(alphabet="ab1.=[]{},\"'\\#\n \té", max_size=60))
def test_any_text_gives_faults_with_lines_of_the_file(text):
    for line, _, _ in faults(text):
        assert 1 <= line <= text.count("\n") + 1


@some
@given(st.data())
def test_a_damaged_file_gives_faults_or_a_blueprint_and_nothing_else(data):
    lines = GOOD.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        damage = ["", lines[at] * 2, lines[at].replace('"', ""), lines[at].replace("= ", "= -"), "x = []\n"]
        lines[at] = data.draw(st.sampled_from(damage) | st.sampled_from(lines))
    try:
        blueprint = read("".join(lines))
    except BlueprintFaults as wrong:
        assert wrong.faults
        assert all(1 <= fault.line <= len(lines) + 1 for fault in wrong.faults)
    else:
        assert read(write(blueprint)) == blueprint
