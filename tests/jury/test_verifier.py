"""The verifier of the ledger: what is honest passes, ten thousand manipulations don't."""

import copy
import json
import random
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from incubator.jury.ledger import verifier
from jury.ledgers import CRITERIA, RULE, Book, reseal, told


@pytest.mark.parametrize("seed", range(60))
def test_an_honest_round_passes(seed):
    book = told(seed)
    assert verifier.check(book.rows, book.root()) == ([], book.root())


def changed_value(rows, chance):
    row = chance.choice([row for row in rows if '"k":"sheet"' in row["payload"]])
    act = json.loads(row["payload"])
    place = chance.randrange(len(act["m"]))
    act["m"][place] = 1000 * ((act["m"][place] or 0) // 1000 + chance.randrange(1, 11)) % 11_000
    row["payload"] = json.dumps(act, separators=(",", ":"), sort_keys=True)


def changed_time(rows, chance):
    row = chance.choice([row for row in rows if '"at":' in row["payload"]])
    row["payload"] = row["payload"].replace('"at":', '"at":1')


def one_space(rows, chance):
    row = chance.choice(rows)
    row["payload"] = row["payload"].replace(",", ", ", 1)


def deleted(rows, chance):
    rows.remove(chance.choice(rows[1:]))


def cut_tail(rows, chance):
    chain = chance.choice([row["chain"] for row in rows if row["seq"] > 1])
    rows.remove([row for row in rows if row["chain"] == chain][-1])


def dropped_juror(rows, chance):
    chain = chance.choice([row["chain"] for row in rows if row["chain"] != row["round"]])
    rows[:] = [row for row in rows if row["chain"] != chain]


def inserted(rows, chance):
    row = chance.choice([row for row in rows if '"k":"sheet"' in row["payload"]])
    rows.insert(rows.index(row), {**row, "nonce": chance.randbytes(16).hex()})


def swapped(rows, chance):
    chains = Counter(row["chain"] for row in rows)
    chain = chance.choice([each for each, count in chains.items() if count > 1])
    one, other = chance.sample([row for row in rows if row["chain"] == chain], 2)
    one["payload"], other["payload"] = other["payload"], one["payload"]
    one["nonce"], other["nonce"] = other["nonce"], one["nonce"]


def moved(rows, chance):
    row = chance.choice([row for row in rows if row["chain"] != row["round"]])
    others = {each["chain"] for each in rows} - {row["chain"], row["round"]}
    row["chain"] = chance.choice(sorted(others))


def other_nonce(rows, chance):
    chance.choice(rows)["nonce"] = chance.randbytes(16).hex()


WAYS = [changed_value, changed_time, one_space, deleted, cut_tail, dropped_juror, inserted, swapped, moved, other_nonce]
TRIES = 1000  # of each way


def spoilt(way, seed, honest):
    rows, chance = copy.deepcopy(honest), random.Random(seed)
    way(rows, chance)
    return rows


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_manipulation_is_noticed_even_when_all_hashes_are_made_anew(way):
    book = told(7)
    root, clumsy = book.root(), 0
    for seed in range(TRIES):
        rows = spoilt(way, seed, book.rows)
        clumsy += bool(verifier.check(rows, root)[0])
        reseal(rows)
        assert verifier.check(rows, root)[0], seed
    assert clumsy == TRIES


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"k":"sheet"', '"k":sheet'),
        ('"k":"sheet"', '"l":"sheet"'),
        ('"m":[', '"m":[[],'),
        ('"m":[', '"m":7,"n":['),
        ('"v":', '"w":'),
        ('"weight":', '"weights":'),
        ('"deal":{', '"deal":7,"dealt":{'),
        ('"deal":{', '"deal":{"nobody":["nothing"],'),
        ('{"', '[{"'),
        ("}", "} and more"),
    ],
)
def test_what_cant_be_read_is_named_and_nothing_breaks(was, becomes):
    """A forger need not keep to the form; hashes made anew, his entries reach every later check."""
    book = told(7)
    rows = copy.deepcopy(book.rows)
    spoilt_ones = [row for row in rows if was in row["payload"]]
    assert spoilt_ones
    for row in spoilt_ones:
        row["payload"] = row["payload"].replace(was, becomes, 1)
    reseal(rows)
    found, root = verifier.check(rows, book.root())
    assert any("can't be read" in fault for fault in found), found
    assert root != book.root()


def behead(rows):
    """Make all hashes anew, and the heads that later entries hold."""
    reseal(rows)
    for row in rows:
        act = json.loads(row["payload"])
        for chain in act.get("heads", {}):
            act["heads"][chain] = next(
                [each["seq"], each["hash"]] for each in reversed(rows) if each["chain"] == chain
                and each["seq"] == act["heads"][chain][0]
            ) if act["heads"][chain][0] else act["heads"][chain]  # fmt: skip
        row["payload"] = json.dumps(act, separators=(",", ":"), sort_keys=True)
    reseal(rows)


@pytest.mark.parametrize("way", [changed_value, changed_time, other_nonce], ids=lambda way: way.__name__)
def test_the_root_of_the_lock_holds_all_that_came_before_it(way):
    """Who brings the root of the lock after the publication learns that nothing before the lock has changed."""
    book = told(7)
    before = book.rows[:-1]
    lock = verifier.Ledger(before).root
    assert json.loads(before[-1]["payload"])["k"] == "lock" and lock != book.root()
    assert verifier.check(book.rows, lock) == ([], book.root())
    for seed in range(200):
        rows = [*spoilt(way, seed, before), copy.deepcopy(book.rows[-1])]
        behead(rows)
        assert verifier.check(rows, lock)[0], seed


def test_without_a_root_made_known_outside_a_forger_can_go_unnoticed():
    """The negative control: the checks within a ledger are not what protects it."""
    book = told(7)
    unseen = 0
    for seed in range(200):
        rows = spoilt(other_nonce, seed, book.rows)
        behead(rows)
        unseen += not verifier.check(rows)[0]
    assert unseen > 150


def faults(book: Book) -> str:
    return " ".join(verifier.check(book.rows, book.root())[0])


def opened(**rule) -> Book:
    return Book(random.Random(1), 3, 2, {**RULE, **rule})


def full(book: Book, seat: int, project: int, mark: int = 5000, **more) -> None:
    book.sheet(book.seats[seat], book.projects[project], [mark] * len(CRITERIA), **more)


def late(*, reopened: bool) -> Book:
    """A sheet handed in after the lock, given back before or not."""
    book = opened()
    book.close("lock")
    if reopened:
        book.control(k="reopen", seat=book.seats[0], p=book.projects[0])
    full(book, 0, 0)
    return book


def test_what_is_written_after_the_lock_is_named():
    assert "written in after the lock" in faults(late(reopened=False))
    assert faults(late(reopened=True)) == ""


def test_nobody_else_changes_a_mark():
    book = opened()
    full(book, 0, 0, 5000)
    full(book, 0, 0, 9000, state="void", own=False)
    assert "changed by somebody else" in faults(book)


def test_nobody_writes_on_a_sheet_with_a_conflict():
    book = opened()
    full(book, 0, 0, 5000)
    full(book, 0, 0, 5000, state="recused", own=False)
    full(book, 0, 0, 9000)
    assert "that was recused" in faults(book)


@pytest.mark.parametrize("marks", [[5000, 5000], [5000, 5500, 5000], [11_000, 0, 0], [-1000, 0, 0], [None, 0, 0]])
def test_marks_off_the_scale_are_named(marks):
    book = opened()
    book.sheet(book.seats[0], book.projects[0], marks)
    assert "off its scale" in faults(book)


def test_a_published_result_is_counted_again():
    book = told(3)
    last = json.loads(book.rows[-1]["payload"])
    last["ranking"][0]["t"] = "9.99"
    book.rows[-1]["payload"] = json.dumps(last, separators=(",", ":"), sort_keys=True)
    reseal(book.rows)
    assert "9.99 over" in faults(book)


def wrongly_placed() -> Book:
    """The better project has the second place."""
    book = opened(minimum=1)
    full(book, 0, 0, 9000)
    full(book, 0, 1, 4000)
    book.close("lock")
    rows = [
        {"p": book.projects[0], "n": 1, "t": "9.00", "place": 2, "barred": False},
        {"p": book.projects[1], "n": 1, "t": "4.00", "place": 1, "barred": False},
    ]
    book.close("publish", ranking=rows)
    return book


def test_places_follow_the_totals():
    assert "don't follow the totals" in faults(wrongly_placed())


@pytest.mark.parametrize(
    ("rule", "totals"),
    [({"aggregate": "sum"}, "15.00"), ({"aggregate": "mean", "decimals": 0}, "5"), ({"minimum": 4}, None),
     ({"aggregate": "trimmed_mean"}, "5.00")],
)  # fmt: skip
def test_each_rule_is_counted(rule, totals):
    book = opened(**rule)
    for seat, mark in enumerate((4000, 5000, 6000)):
        full(book, seat, 0, mark)
        full(book, seat, 1, mark)
    book.close("lock")
    book.close(
        "publish",
        ranking=[{"p": p, "n": 3, "t": totals, "place": totals and 1, "barred": False} for p in book.projects],
    )
    assert faults(book) == ""


@pytest.mark.parametrize(("rounding", "total"), [("half_up", "2.5"), ("half_even", "2.4")])
def test_a_digit_in_the_middle_goes_by_the_rule(rounding, total):
    ledger = verifier.Ledger(opened(rounding=rounding, decimals=1).rows)
    assert ledger._rounded(Fraction(49, 20)) == total  # 2.45
    assert ledger._rounded(Fraction(4_900_001, 2_000_000)) == "2.5"


def test_it_runs_alone(tmp_path):
    """As somebody who doesn't trust us runs it: the file by itself, an interpreter without any package."""
    book = told(5)
    script, export = tmp_path / "verifier.py", tmp_path / "ledger.jsonl"
    script.write_bytes(Path(verifier.__file__).read_bytes())
    export.write_text("\n".join(map(json.dumps, book.rows)))

    def run(*words):
        return subprocess.run([sys.executable, "-I", "-S", script, *words], capture_output=True, text=True, check=False)

    assert run(export, book.root()).returncode == 0
    earlier = run(export, verifier.Ledger(book.rows[:-1]).root)
    assert earlier.returncode == 0 and "This was the root earlier" in earlier.stdout
    assert run(export, "00" * 32).returncode == 1
    assert "compare the root" in run(export).stdout
    export.write_text("{nonsense")
    assert run(export).returncode == 2
    assert run().returncode == 2
