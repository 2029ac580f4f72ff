"""Calibration: jurors score two or three sample projects first, then see how far apart they are, without names.

It counts for nothing and leaves no entry in the ledger. Whoever has handed in all samples sees the marks of the others
in order of size with his own among them; from two other sheets on, for one alone would be a name.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, NotFound, Refused
from incubator.jury.office.round_rubric import rubric_for_round
from incubator.jury.rounds import Round, alone, round_for, share, tell
from incubator.jury.rubric import CHANGED, Rubric, meaning_of
from incubator.jury.rules import FROZEN, OWN_PRACTICE, RoundState, refuse
from incubator.jury.terms import masked, stems
from incubator.people.rights import Viewer
from incubator.programmes.queries import share_cohort
from incubator.stages.answers import fingerprint
from incubator.teams.cases import LABELS, from_content, sections

MOST_SAMPLES = 3
FEWEST_OTHERS = 2  # sheets of other jurors, below which their marks are not shown
CLOSED = Message("The calibration is closed: its marks stay as they are.")
MARKED = Message("Somebody has marked this sample already. Remove it and add it again, so that all mark the same.")
OTHER_CRITERIA = Message(
    "The criteria have been changed since you opened this page. Look at your marks once more, and hand the sample in again."
)
NOT_BEGUN = Message("There is nothing to practise on yet.")
HANDED_IN = Message(
    "You have handed this sample in. Its marks stay, for you have seen those of the others, or soon will."
)


# --- Organisers -------------------------------------------------------------------------------------------------------


async def _preparing(viewer: Viewer, round_id: UUID) -> Round:
    scoring = await alone(viewer, round_id)
    if scoring.state is not RoundState.DRAFT:
        refuse(FROZEN)
    return scoring


async def add_sample(viewer: Viewer, round_id: UUID, title: str, text: str) -> UUID:
    """Add an invented project to practise on. The new id."""
    async with DB.transaction():
        scoring = await _preparing(viewer, round_id)
        count = await fetch_value("SELECT count(*) FROM sample WHERE round = $1", round_id)
        if count >= MOST_SAMPLES:
            raise Refused(Message("Three samples are enough: more of them tire before the jury begins."))
        made = new_id()
        await execute(
            "INSERT INTO sample (id, round, place, title, text)"
            " VALUES ($1, $2, (SELECT coalesce(max(place), 0) + 1 FROM sample WHERE round = $2), $3, $4)",
            made, round_id, title, text,
        )  # fmt: skip
        await execute("UPDATE scoring_round SET calibration = 'open' WHERE id = $1", round_id)
        await tell("sample.added", viewer, scoring, title=title)
    return made


SAMPLE = """
SELECT title, text, EXISTS (SELECT FROM sample_sheet s WHERE s.sample = p.id) AS marked FROM sample p
WHERE p.id = $1 AND p.round = $2
"""


async def edit_sample(viewer: Viewer, round_id: UUID, sample_id: UUID, said: tuple[str, str], version: str) -> None:
    """Put title and text of a sample right while nobody has marked it; Clash when it is not what the form showed."""
    async with DB.transaction():
        scoring = await _preparing(viewer, round_id)
        row = await fetch_one(SAMPLE, sample_id, round_id)
        if row is None:
            raise NotFound
        stored = (row["title"], row["text"])
        if row["marked"]:
            raise Refused(MARKED)
        if version != fingerprint(stored) and said != stored:
            raise Clash(CHANGED, stored=stored)
        await execute("UPDATE sample SET title = $2, text = $3 WHERE id = $1", sample_id, *said)
        await tell("sample.edited", viewer, scoring, title=said[0])


async def remove_sample(viewer: Viewer, round_id: UUID, sample_id: UUID) -> None:
    """Take a sample out with what was written on it."""
    async with DB.transaction():
        scoring = await _preparing(viewer, round_id)
        await execute("DELETE FROM sample_sheet s USING sample p WHERE s.sample = p.id AND p.id = $1 AND p.round = $2",
                      sample_id, round_id)  # fmt: skip
        if not await execute("DELETE FROM sample WHERE id = $1 AND round = $2", sample_id, round_id):
            raise NotFound
        await execute(
            "UPDATE scoring_round SET calibration = 'none' WHERE id = $1"
            " AND NOT EXISTS (SELECT FROM sample WHERE round = $1)",
            round_id,
        )
        await tell("sample.removed", viewer, scoring)


async def close(viewer: Viewer, round_id: UUID, *, again: bool = False) -> None:
    """End the calibration, or let it go on (`again`); at the opening of the round it ends by itself."""
    async with DB.transaction():
        scoring = await _preparing(viewer, round_id)
        state = "open" if again else "closed"
        if scoring.calibration in {"none", state}:
            raise Refused(NOT_BEGUN)
        await execute("UPDATE scoring_round SET calibration = $2 WHERE id = $1", round_id, state)
        await tell("calibration.opened" if again else "calibration.closed", viewer, scoring)


OTHER_COHORTS = """
SELECT p.id, p.title, t.name AS team, m.name AS municipality, m.region, c.name AS cohort, c.programme, c.id AS cohort_id
FROM round_project p JOIN scoring_round r ON r.id = p.round AND r.state = 'published' AND r.cohort <> $1
JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality JOIN cohort c ON c.id = r.cohort
WHERE c.programme = (SELECT programme FROM cohort WHERE id = $1) ORDER BY c.name, p.place LIMIT 300
"""
CASE = """
SELECT v.content, t.name, m.name AS municipality, m.region, p.title FROM round_project p
JOIN scoring_round r ON r.id = p.round AND r.state = 'published' AND r.cohort <> $2
JOIN cohort c ON c.id = r.cohort AND c.programme = (SELECT programme FROM cohort WHERE id = $2)
JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality
JOIN problem_case k ON k.team = t.id AND k.deleted_at IS NULL JOIN case_version v ON v.problem_case = k.id
WHERE p.id = $1 ORDER BY v.number DESC LIMIT 1
"""


async def offers(scoring: Round) -> list[tuple[str, str]]:
    """Projects of published rounds of other cohorts of the programme, as choices."""
    rows = await fetch(OTHER_COHORTS, scoring.cohort)
    return [(str(row["id"]), f"{row['cohort']}: {row['title']}") for row in rows]


async def take_sample(viewer: Viewer, round_id: UUID, project: UUID) -> UUID:
    """Take a project of another cohort as a sample: its case without its names, as far as they are found."""
    scoring = await round_for(viewer, round_id)
    rows = await fetch(CASE, project, scoring.cohort)
    if not rows:
        raise Refused(Message("This project has no submitted case that could be read. Choose another one."))
    row, hidden = rows[0], stems((rows[0]["name"], rows[0]["municipality"], rows[0]["region"]))
    said = sections(from_content(json.loads(row["content"])))
    text = "\n\n".join(f"{LABELS[key]}\n{words}" for key, words in said.items() if words and key != "title")
    return await add_sample(viewer, round_id, masked(row["title"], hidden), masked(text, hidden)[:20_000])


# --- Jurors -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sample, and the viewer's own marks for it; `marked`: somebody has handed in his."""

    id: UUID
    place: int
    title: str
    text: str
    marks: tuple[int | None, ...]
    handed_in: bool
    marked: bool

    @property
    def version(self) -> str:
        """A print of title and text, by which two who change them at once are noticed."""
        return fingerprint((self.title, self.text))


@dataclass(frozen=True, slots=True)
class Spread:
    """The marks of one criterion for one sample, in order of size; `own` is one's own among them."""

    title: str
    low: int
    high: int
    marks: tuple[int, ...]
    own: int | None

    @property
    def middle(self) -> float:
        """The median, in thousandths."""
        count = len(self.marks)
        return (self.marks[(count - 1) // 2] + self.marks[count // 2]) / 2


@dataclass(frozen=True, slots=True)
class Practice:
    """The samples of a round as one viewer has them; `spreads` by sample once he may see them."""

    rubric: Rubric
    samples: tuple[SampleRow, ...]
    jurors: int
    done: int
    spreads: dict[UUID, tuple[Spread, ...]]

    @property
    def own_done(self) -> bool:
        """Whether the viewer has handed in all samples."""
        return bool(self.samples) and all(each.handed_in for each in self.samples)


SAMPLES = """
SELECT p.id, p.place, p.title, p.text, s.marks, s.handed_in_at IS NOT NULL AS handed_in,
  EXISTS (SELECT FROM sample_sheet o WHERE o.sample = p.id) AS marked FROM sample p
LEFT JOIN sample_sheet s ON s.sample = p.id AND s.seat = $2 WHERE p.round = $1 ORDER BY p.place
"""
ALL_MARKS = """
SELECT s.sample, s.seat, s.marks FROM sample_sheet s JOIN sample p ON p.id = s.sample JOIN seat e ON e.id = s.seat
WHERE p.round = $1 AND s.handed_in_at IS NOT NULL AND e.removed_at IS NULL
"""
JURORS = "SELECT count(*) FROM seat WHERE round = $1 AND removed_at IS NULL AND (votes OR duty = 'substitute')"


async def practice(scoring: Round) -> Practice:
    """The samples for the viewer whose seat the round names (None: an organiser); at most five statements."""
    rubric, _plan = await rubric_for_round(scoring)
    rows = await fetch(SAMPLES, scoring.id, scoring.seat)
    samples = tuple(SampleRow(**{**row, "marks": tuple(row["marks"] or ())}) for row in rows)
    given = await fetch(ALL_MARKS, scoring.id)
    whole = {row["seat"] for row in given if sum(1 for each in given if each["seat"] == row["seat"]) == len(samples)}
    found = Practice(rubric, samples, await fetch_value(JURORS, scoring.id), len(whole), {})
    others = whole - {scoring.seat}
    sees = found.own_done if scoring.seat else scoring.calibration == "closed"
    if sees and len(others) >= (FEWEST_OTHERS if scoring.seat else FEWEST_OTHERS + 1):
        for sample in samples:
            marks = [
                (row["seat"], row["marks"]) for row in given if row["sample"] == sample.id and row["seat"] in whole
            ]
            found.spreads[sample.id] = _spreads(rubric, marks, scoring.seat)
    return found


def _spreads(rubric: Rubric, sheets: Sequence[tuple[UUID, Sequence[int]]], own: UUID | None) -> tuple[Spread, ...]:
    return tuple(
        Spread(
            each.title, each.scale_min, each.scale_max, tuple(sorted(marks[place] for _seat, marks in sheets)),
            next((marks[place] for seat, marks in sheets if seat == own), None),
        )
        for place, each in enumerate(rubric.criteria)
    )  # fmt: skip


def refuse_others(meaning: str, rubric: Rubric) -> None:
    """Clash when marks were given by other criteria (`meaning_of`) than these."""
    if meaning != meaning_of(rubric.criteria):
        raise Clash(OTHER_CRITERIA)


async def hand_in(viewer: Viewer, round_id: UUID, sample_id: UUID, marks: Sequence[int], meaning: str) -> None:
    """Hand the marks for a sample in; they stay as they are. Clash when the criteria are not those of `meaning` any more."""
    async with DB.transaction():
        await share(round_id)
        scoring = await round_for(viewer, round_id)
        scoring.standing.need(OWN_PRACTICE)
        if scoring.state is not RoundState.DRAFT or scoring.calibration != "open":
            raise Refused(CLOSED)
        if not await fetch("SELECT 1 FROM sample WHERE id = $1 AND round = $2", sample_id, round_id):
            raise NotFound
        await share_cohort(
            scoring.cohort
        )  # its criteria may be those of the round; the round's own are held by `share`
        rubric, _plan = await rubric_for_round(scoring)
        refuse_others(meaning, rubric)
        made = await execute(
            "INSERT INTO sample_sheet (id, sample, seat, marks, handed_in_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (seat, sample) DO NOTHING",
            new_id(), sample_id, scoring.seat, list(marks), viewer.now,
        )  # fmt: skip
        if not made:
            raise Refused(HANDED_IN)
        await tell("sample.scored", viewer, scoring)
