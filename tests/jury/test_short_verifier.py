"""The verifier of two pages: it passes what the long one passes, and nothing that was done to a ledger behind its root."""

import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import cast
from incubator.jury.ledger import book as ledger
from incubator.jury.ledger import short_verifier, verifier
from jury.ledgers import CRITERIA, RULE, Book, reseal, told
from jury.test_ledger import told as played
from jury.test_paper_ledger import ledger as with_paper
from jury.test_verifier import WAYS, behead, full, late, opened, other_nonce, spoilt, wrongly_placed

PAGE = 72  # lines on a sheet of A4 in 9 points
TRIES = 100  # of each way


def test_it_is_two_pages_long():
    assert len(Path(short_verifier.__file__).read_text().splitlines()) <= 2 * PAGE


@pytest.mark.parametrize("seed", range(60))
def test_an_honest_round_passes_with_its_root_and_with_that_of_the_lock(seed):
    book = told(seed)
    assert short_verifier.check(book.rows, book.root()) == []
    assert short_verifier.check(book.rows, verifier.Ledger(book.rows[:-1]).root.upper()) == []


@pytest.mark.usefixtures("db")
async def test_a_round_of_the_site_passes_with_unlocking_and_a_sheet_given_back():
    where = await played()
    rows = [{"round": str(where.id), **row} for row in await ledger.entries(where.id)]
    assert short_verifier.check(rows, await ledger.root_of(where.id)) == []


@pytest.mark.usefixtures("db")
async def test_a_round_with_silent_jurors_comes_to_the_root_of_the_site():
    where = await cast.scoring_round(teams=2, jurors=4)
    await cast.score(where, where.jurors[0], await where.project(), 1, 2, 3, 4, 5)
    rows = [{"round": str(where.id), **row} for row in await ledger.entries(where.id)]
    assert short_verifier.check(rows, await ledger.root_of(where.id)) == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_manipulation_is_noticed_even_when_all_hashes_are_made_anew(way):
    book = told(7)
    for seed in range(TRIES):
        rows = spoilt(way, seed, book.rows)
        assert noticed(rows, book.root()), seed
        reseal(rows)
        assert noticed(rows, book.root()), seed


def noticed(rows, root):
    """Whether the command would end otherwise than well; what a forger made unreadable ends it too."""
    try:
        return bool(short_verifier.check(rows, root))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return True


def test_with_a_root_of_the_forgers_own_it_notices_no_new_nonce():
    """The negative control: it is the root from outside that protects, as with the long one."""
    book = told(7)
    unseen = 0
    for seed in range(100):
        rows = spoilt(other_nonce, seed, book.rows)
        behead(rows)
        unseen += not noticed(rows, verifier.Ledger(rows).root)
    assert unseen > 75


def faults(book: Book) -> str:
    return " ".join(short_verifier.check(book.rows, book.root()))


def test_what_is_written_after_the_lock_is_named():
    assert "written in after the lock" in faults(late(reopened=False))
    assert faults(late(reopened=True)) == ""


def test_nobody_else_changes_a_mark():
    book = opened()
    full(book, 0, 0, 5000)
    full(book, 0, 0, 5000, state="void", own=False)
    assert faults(book) == ""
    full(book, 0, 1, 5000)
    full(book, 0, 1, 9000, state="void", own=False)
    assert "never gave" in faults(book)


def test_paper_is_not_taken_for_a_forgery():
    told_on_paper = with_paper()
    assert faults(told_on_paper) == ""


def test_a_published_result_is_counted_again():
    book = told(3)
    last = json.loads(book.rows[-1]["payload"])
    last["ranking"][0]["t"] = "9.99"
    book.rows[-1]["payload"] = json.dumps(last)
    reseal(book.rows)
    assert "9.99 was published" in faults(book)


def test_places_follow_the_totals():
    assert "don't follow the totals" in faults(wrongly_placed())


@pytest.mark.parametrize("aggregate", ["mean", "trimmed_mean", "sum"])
@pytest.mark.parametrize("rounding", ["half_up", "half_even"])
@pytest.mark.parametrize("closing", ["close_with_gaps", "not_assessed"])
def test_it_counts_as_the_long_one_does(aggregate, rounding, closing):
    """Two programs, written apart: one rounds fractions, the other decimals."""
    for seed in range(60):
        chance = random.Random(seed)
        rule = {"aggregate": aggregate, "rounding": rounding, "closing": closing, "decimals": chance.randrange(4)}
        book = Book(chance, 7, 3, {**RULE, **rule})
        for seat in book.seats:
            for project in book.projects:
                state = chance.choice(["handed_in"] * 9 + ["draft", "abstained"])
                book.sheet(seat, project, [1000 * chance.randrange(11) for _ in CRITERIA], state)
        long = verifier.Ledger(book.rows)
        sheets = short_verifier.replay(book.round, long.chains, [])
        for project in book.projects:
            exact, number = long.result(project)
            rounded = None if exact is None else Fraction(long._rounded(exact))
            assert short_verifier.total(project, long.dealt, sheets, long.terms) == (rounded, number)


def test_it_runs_alone(tmp_path):
    """As somebody who doesn't trust us runs it: the file by itself, an interpreter without any package."""
    book = told(5)
    script, export = tmp_path / "short_verifier.py", tmp_path / "ledger.jsonl"
    script.write_bytes(Path(short_verifier.__file__).read_bytes())
    export.write_text("\n".join(map(json.dumps, book.rows)) + "\n")

    def run(*words):
        return subprocess.run([sys.executable, "-I", "-S", script, *words], capture_output=True, text=True, check=False)

    well = run(export, book.root())
    assert (well.returncode, well.stdout, well.stderr) == (0, "All is well.\n", "")
    other = run(export, "00" * 32)
    assert (other.returncode, other.stderr[:11]) == (1, "the root is")
    assert "python short_verifier.py ledger.jsonl ROOT" in run(export).stderr
    export.write_text("{nonsense")
    assert (run(export, book.root()).returncode, "can't be read" in run(export, book.root()).stderr) == (1, True)
