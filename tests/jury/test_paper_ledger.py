"""Sheets of paper in the ledger, as whoever distrusts us checks them."""

import json
import random

import pytest

from incubator.jury.ledger import verifier
from jury.ledgers import Book, reseal


def ledger(**changes) -> Book:
    told = Book(random.Random(5), 2, 2)
    seat, project = told.seats[0], told.projects[0]
    told.sheet(told.seats[1], project, [1000, 2000, 3000])
    marks = [1000, 2000, 3000]
    payload = {"k": "sheet", "p": project, "s": "handed_in", "m": marks, "v": 1, "at": 9, "seat": seat, "back": False,
               "paper": [["a", "first", marks], ["b", "second", marks]]}  # fmt: skip
    told.control(**{**payload, **changes})
    return told


def faults(told: Book) -> str:
    reseal(told.rows)
    return "\n".join(verifier.check(told.rows)[0])


def test_the_verifier_passes_honest_paper():
    assert faults(ledger()) == ""
    settled = [
        ["a", "first", [0, 2000, 3000]],
        ["b", "second", [1000, 2000, 3000]],
        ["a", "settled", [1000, 2000, 3000]],
    ]
    assert faults(ledger(paper=settled)) == ""


SPOILT = [
    {"m": [9000, 2000, 3000]},
    {"paper": None},
    {"paper": []},
    {"paper": [["a", "first", [1000, 2000, 3000]]]},
    {"paper": [["a", "first", [1000, 2000, 3000]], ["b", "second", [0, 2000, 3000]]]},
    {"paper": [["a", "first", [1000, 2000, 3000]], ["b", "first", [1000, 2000, 3000]]]},
    {"s": "draft"},
]


@pytest.mark.parametrize("change", SPOILT)
def test_the_verifier_finds_paper_that_was_not_read_so(change):
    assert "isn't what was read from paper" in faults(ledger(**change))


def test_the_verifier_finds_paper_over_the_jurors_own_marks():
    told = ledger()
    told.rows, paper = told.rows[:-1], json.loads(told.rows[-1]["payload"])
    told.sheet(told.seats[0], told.projects[0], [5000, 5000, 5000])
    told.control(**{**paper, "v": 2})
    assert "paper came over what the juror had written" in faults(told)


def test_the_verifier_finds_paper_after_the_lock_and_on_a_confirmed_sheet():
    told = ledger()
    paper = json.loads(told.rows.pop()["payload"])
    told.close("lock")
    told.control(**paper)
    assert "typed from paper after the lock" in faults(told)
    told = ledger()
    paper = json.loads(told.rows.pop()["payload"])
    told.sign(told.seats[0])
    told.control(**paper)
    assert "typed from paper on a sheet that was confirmed" in faults(told)


def test_without_the_rule_of_paper_a_forged_mark_passes(monkeypatch):
    """The negative control: it is this rule that finds it, and no other one."""
    monkeypatch.setattr(verifier.Ledger, "_paper", lambda *_: [])
    assert faults(ledger(m=[9000, 2000, 3000])) == ""


CHANGED = [
    lambda act, chance: act["m"].__setitem__(chance.randrange(3), 1000 * chance.randrange(4, 11)),
    lambda act, chance: act["paper"].pop(chance.randrange(2)),
    lambda act, chance: act["paper"][chance.randrange(2)][2].__setitem__(chance.randrange(3), 9000),
    lambda act, _: act.pop("paper"),
    lambda act, chance: act.__setitem__("s", chance.choice(["draft", "empty", "void", "abstained"])),
    lambda act, chance: act.__setitem__("v", chance.randrange(2, 9)),
]


def test_every_random_forgery_of_paper_is_found_without_the_root():
    for seed in range(600):
        chance, told = random.Random(seed), ledger()
        act = json.loads(told.rows[-1]["payload"])
        chance.choice(CHANGED)(act, chance)
        told.rows[-1]["payload"] = json.dumps(act)
        assert faults(told), act
