"""The criteria of a jury and its rules as they are kept, frozen and typed in; what a juror writes on a sheet. Pure.

Both are kept as the blueprint's own dataclasses; as documents (JSON) they hold thousandths, never floats.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from incubator.foundation.forms import Form, given
from incubator.foundation.i18n import Message, number, score
from incubator.foundation.refusals import Invalid
from incubator.jury import scoring
from incubator.jury.scoring import Criterion, Rules
from incubator.programmes.blueprint import (
    Aggregate,
    BlueprintFaults,
    Closing,
    CriterionPlan,
    JuryPlan,
    Rounding,
    read_part,
)
from incubator.programmes.blueprint_values import points
from incubator.stages.answers import fingerprint

COMMENT_LIMIT = 4000
MOST_CRITERIA = 20
MOST_ANCHORS = 12


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria in their order, for people and, under the same places, for the arithmetic."""

    criteria: tuple[CriterionPlan, ...]
    scoring: tuple[Criterion, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the criteria in order."""
        return tuple(each.key for each in self.criteria)


def rubric_of(criteria: Iterable[CriterionPlan]) -> Rubric:
    """The rubric of these criteria."""
    kept = tuple(criteria)
    return Rubric(kept, tuple(Criterion(c.key, c.weight, c.scale_min, c.scale_max, c.step) for c in kept))


def rubric_document(rubric: Rubric) -> str:
    """The rubric as the JSON that a round freezes."""
    return json.dumps([asdict(each) for each in rubric.criteria], ensure_ascii=False)


@lru_cache(maxsize=64)
def read_rubric(document: str) -> Rubric:
    """A rubric from its document. A frozen one never changes, so the last few are kept."""
    return rubric_of(criterion_of(each) for each in json.loads(document))


def criterion_of(document: dict[str, Any]) -> CriterionPlan:
    """One criterion from its document; the keys of its anchors come as text out of JSON."""
    anchors = {int(value): words for value, words in document["anchors"].items()}
    return CriterionPlan(**{**document, "anchors": anchors})


def plan_document(plan: JuryPlan) -> str:
    """The jury's rules as JSON."""
    return json.dumps(asdict(plan), ensure_ascii=False)


@lru_cache(maxsize=64)
def read_plan(document: str) -> JuryPlan:
    """The jury's rules from their document."""
    raw = json.loads(document)
    return JuryPlan(
        aggregate=Aggregate(raw["aggregate"]), minimum_sheets=raw["minimum_sheets"], quorum=raw["quorum"],
        closing=Closing(raw["closing"]), ties=tuple(raw["ties"]), decimals=raw["decimals"],
        rounding=Rounding(raw["rounding"]),
    )  # fmt: skip


def scoring_rules(plan: JuryPlan) -> Rules:
    """What the arithmetic needs of the jury's rules."""
    return Rules(
        scoring.Aggregate(plan.aggregate.value), plan.minimum_sheets, plan.ties, plan.decimals,
        scoring.Rounding(plan.rounding.value),
    )  # fmt: skip


def unknown_ties(ties: Iterable[str], keys: Sequence[str]) -> list[str]:
    """Tie rules that name a criterion which is not there."""
    named = [tie for tie in ties if tie.startswith(scoring.CRITERION)]
    return [tie for tie in named if tie.removeprefix(scoring.CRITERION) not in keys]


# --- A sheet ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """What a juror wrote: marks in thousandths in the order of the criteria, None for a blank.

    `comment` is for the team, `note` for the jury.
    """

    marks: tuple[int | None, ...]
    comment: str
    note: str = ""

    def total(self, rubric: Rubric) -> int | None:
        """The stored total of a full sheet, None while a mark is missing."""
        full = scoring.is_complete(self.marks, rubric.scoring)
        return scoring.stored_total(self.marks, rubric.scoring) if full else None


def field_of(criterion: CriterionPlan) -> str:
    """The name of a criterion's field on the sheet."""
    return f"mark_{criterion.key}"


NO_MARK: Final = Message("Choose a mark.")


def read_entry(form: Form, rubric: Rubric, *, full: bool) -> Entry:
    """The marks and the comment; `full` asks for every mark. Raises Invalid, and BadRequest for foreign fields."""
    marks = tuple(
        form.thousandths(field_of(each), each.scale_min, each.scale_max, each.step, required=full, missing=NO_MARK)
        for each in rubric.criteria
    )
    comment = form.text("comment", required=False, limit=COMMENT_LIMIT, lines=True)
    note = form.text("note", required=False, limit=COMMENT_LIMIT, lines=True)
    form.demand()
    return Entry(marks, comment, note)


def typed(rubric: Rubric, marks: Sequence[int | None], comment: str, note: str = "") -> dict[str, str]:
    """What the fields of a sheet show for recorded marks."""
    pairs = zip(rubric.criteria, marks, strict=True) if marks else ()
    shown = {field_of(each): points(mark) for each, mark in pairs if mark is not None}
    return {**shown, "comment": comment, "note": note}


# --- How points are written for people --------------------------------------------------------------------------------

# One rule for pages, documents and letters, in the language of the reader. A mark stands as it was given, on the step of
# its criterion: 7, 7.5 (`i18n.score`). A sheet's total, a mean and a median have two decimals, both of them: 7.20. An
# official total has the decimals that the rules of the round fix, all of them: 8.40 (`i18n.exact`). Only the page that
# explains how a place came about shows up to four, so that one can add up. What machines read is not rounded for the eye.
DECIMALS = 2


def total_words(marks: Sequence[int | None], rubric: Rubric) -> str:
    """A sheet's total; a dash while a mark is missing."""
    return "–" if not marks or None in marks else mean_words(scoring.sheet_total(marks, rubric.scoring))


def mean_words(value: Fraction) -> str:
    """A number of points that marks come to, rounded half up."""
    return number(scoring.rounded(value, DECIMALS, scoring.Rounding.HALF_UP), DECIMALS)


def choices(criterion: CriterionPlan) -> list[tuple[str, str]]:
    """The steps of a scale: value in the form, and as it is written."""
    steps = range(criterion.scale_min, criterion.scale_max + 1, criterion.step)
    return [(points(step), score(step)) for step in steps]


def anchors(criterion: CriterionPlan) -> list[tuple[str, str]]:
    """What points mean, from the lowest up."""
    return [(score(value), words) for value, words in sorted(criterion.anchors.items())]


# --- What an organiser types ------------------------------------------------------------------------------------------


CHANGED = Message("Somebody else has changed this meanwhile. Compare, and save again if your version is right.")


def version_of(plan: CriterionPlan | JuryPlan) -> str:
    """A print of a criterion or of the rules, by which two people editing at once are noticed."""
    marks = sorted(plan.anchors.items()) if isinstance(plan, CriterionPlan) else ()
    words = [getattr(plan, each.name) for each in fields(plan) if each.name != "anchors"]
    return fingerprint([*map(str, words), str(marks)])


def meaning_of(criteria: Iterable[CriterionPlan]) -> str:
    """A print of what a juror's marks mean: of everything that the criteria are but their weights."""
    return fingerprint([version_of(replace(each, weight=1)) for each in criteria])


def read_version(form: Form) -> str:
    """The version that the form showed; one that is missing or nonsense is none that there is."""
    return form.text("version", required=False)


def read_criterion(form: Form, key: str) -> CriterionPlan:
    """A criterion from its form, with all faults by field."""
    raw: dict[str, Any] = {
        "key": key,
        "title": form.text("title", limit=200),
        "description": form.text("description", required=False, limit=2000, lines=True),
        "weight": form.integer("weight", 1, 1000),
        "scale_min": form.decimal("scale_min", 0, 100, 3),
        "scale_max": form.decimal("scale_max", 0, 100, 3),
        "step": form.decimal("step", 0, 100, 3),
        "anchors": _read_anchors(form),
    }
    form.demand()
    try:
        return read_part(CriterionPlan, raw)
    except BlueprintFaults as found:
        for fault in found.faults:
            form.fail(fault.key.partition(".")[0].replace("anchors", "anchor_score.0"), fault.reason)
        raise Invalid(form) from None


def _read_anchors(form: Form) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in form.rows("anchor_score", "anchor_words", most=MOST_ANCHORS):
        value = row.decimal("anchor_score", 0, 100, 3)
        words = row.text("anchor_words", limit=500)
        if value is not None and (name := points(int(value * 1000))) not in found:
            found[name] = words
        elif value is not None:
            row.fail("anchor_score", Message("This score is explained twice."))
    return found


def read_jury_plan(form: Form, keys: Sequence[str]) -> JuryPlan:
    """The jury's rules from their form; `keys` are those of the criteria, which ties may name."""
    aggregate, rounding = form.choice("aggregate", Aggregate), form.choice("rounding", Rounding)
    closing = form.choice("closing", Closing)
    minimum, quorum = form.integer("minimum_sheets", 1, 50), form.integer("quorum", 1, 50)
    decimals = form.integer("decimals", 0, 6)
    ties = _read_ties(form, keys)
    if minimum and quorum and quorum < minimum:
        form.fail("quorum", Message("With so few jurors no project would have the least number of sheets."))
    form.demand()
    return JuryPlan(
        aggregate=given(aggregate), minimum_sheets=given(minimum), quorum=given(quorum), closing=given(closing),
        ties=ties, decimals=given(decimals), rounding=given(rounding),
    )  # fmt: skip


def _read_ties(form: Form, keys: Sequence[str]) -> tuple[str, ...]:
    """The chain in its order; a blank select ends nothing, a rule named twice is refused."""
    known = tie_rules(keys)
    ties: list[str] = []
    for row in form.rows("tie", most=25):
        rule = row.choice("tie", known)
        if rule in ties:
            row.fail("tie", Message("This rule is already there."))
        elif rule:
            ties.append(rule)
    if scoring.SHARED in ties[:-1]:
        form.fail("tie", Message("After a shared place nothing is left to decide: it must be the last rule."))
    return tuple(ties) or (scoring.SHARED,)


def tie_rules(keys: Sequence[str]) -> list[str]:
    """Every rule that a chain may name."""
    by_criterion = [f"{scoring.CRITERION}{key}" for key in keys]
    return [*by_criterion, scoring.FIRST_PLACES, scoring.EARLIER_APPLICATION, scoring.VOTE, scoring.SHARED]
