"""Conflicts of interest that follow from what is known: municipality, region, employer, membership, moderation.

They are written down as rows of their own beside those that somebody declared, so that every page that looks at
conflicts finds them, and each says where it comes from. Who judges by hand that there is none lifts it, and it stays
lifted; one whose ground is gone is taken back by the program (then no reason stands with it).
"""

import re
from collections import defaultdict
from datetime import datetime
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, new_id
from incubator.foundation.i18n import Message
from incubator.journal.actions import Audience, Entry, reads, record
from incubator.jury.rounds import share

SOURCE_WORDS = {
    "declared": Message.within("conflict", "Declared"),
    "claimed": Message.within("conflict", "Named by the team"),
    "municipality": Message.within("conflict", "The same municipality"),
    "region": Message.within("conflict", "The same region"),
    "employer": Message.within("conflict", "The same employer"),
    "membership": Message.within("conflict", "Belongs or belonged to the team"),
    "mentorship": Message.within("conflict", "Accompanies or accompanied the team"),
    "moderation": Message.within("conflict", "Has moderated its work"),
}
DERIVED = ("municipality", "employer", "membership", "mentorship", "moderation", "region")
"""Where several hold for one pair the first one stands."""
IMPLIED = {"region": ("region", "municipality"), "moderation": ("moderation", "mentorship")}
"""Who lifts the second lifts the first with it."""

SEATED = """
seat e JOIN scoring_round r ON r.id = e.round AND r.cohort = $1 AND r.state <> 'published' AND e.removed_at IS NULL
JOIN round_project p ON p.round = r.id"""
GROUNDS = f"""
SELECT e.person, p.team, 'municipality' AS source FROM {SEATED} JOIN juror_card c ON c.person = e.person
  JOIN team t ON t.id = p.team AND t.municipality = c.municipality
UNION SELECT e.person, p.team, 'region' FROM {SEATED} JOIN juror_card c ON c.person = e.person AND c.region <> ''
  JOIN team t ON t.id = p.team JOIN municipality m ON m.id = t.municipality AND m.region = c.region
  WHERE (r.terms ->> 'region')::boolean
UNION SELECT e.person, p.team, 'membership' FROM {SEATED}
  JOIN team_member t ON t.team = p.team AND t.person = e.person
UNION SELECT e.person, p.team, 'mentorship' FROM {SEATED} JOIN role_grant g ON g.person = e.person
  AND g.role = 'moderator' AND g.scope = 'team' AND g.scope_id = p.team
UNION SELECT e.person, p.team, 'moderation' FROM {SEATED} JOIN submission s ON s.team = p.team
  JOIN revision v ON v.submission = s.id JOIN decision d ON d.revision = v.id AND d.decided_by = e.person
UNION SELECT e.person, p.team, 'moderation' FROM {SEATED} JOIN submission s ON s.team = p.team
  JOIN remark k ON k.submission = s.id AND k.author = e.person
"""
JURORS_EMPLOYERS = (
    f"SELECT DISTINCT e.person, h.employer FROM {SEATED} JOIN person h ON h.id = e.person AND h.employer <> ''"
)
MEMBERS_EMPLOYERS = """
SELECT DISTINCT t.team, h.employer FROM team_member t JOIN person h ON h.id = t.person AND h.employer <> ''
JOIN team k ON k.id = t.team AND k.cohort = $1 WHERE t.left_at IS NULL
"""
KNOWN = "SELECT person, team, source, lifted_at, lift_reason FROM conflict_of_interest WHERE cohort = $1"
WRITE = """
INSERT INTO conflict_of_interest (id, person, cohort, team, reason, declared_at, declared_by, lift_reason, source)
SELECT id, person, $2, team, '', $6, $7, '', source FROM unnest($1::uuid[], $3::uuid[], $4::uuid[], $5::varchar[])
  AS new (id, person, team, source)
ON CONFLICT DO NOTHING
"""
GONE = """
UPDATE conflict_of_interest i SET lifted_at = $4, lifted_by = $5
FROM unnest($2::uuid[], $3::uuid[]) AS gone (person, team)
WHERE i.cohort = $1 AND i.person = gone.person AND i.team = gone.team AND i.lifted_at IS NULL AND i.source = ANY($6)
"""

Pair = tuple[UUID, UUID]

# --- The same employer ------------------------------------------------------------------------------------------------

LEGAL = frozenset(
    [
        "ооо",
        "оао",
        "зао",
        "пао",
        "ао",
        "нао",
        "ип",
        "фгбу",
        "фгуп",
        "фгбоу",
        "гбу",
        "гку",
        "гуп",
        "гкоу",
        "мбу",
        "мку",
        "муп",
        "маоу",
        "мау",
        "мкоу",
        "мбоу",
        "ано",
        "нко",
        "общество",
        "с",
        "ограниченной",
        "ответственностью",
        "акционерное",
        "публичное",
        "открытое",
        "закрытое",
    ]
)
LETTERS = re.compile(r"\w+")


def employer_key(name: str) -> str:
    """An employer's name by which two spellings are one: case, «ё», quotes and the legal form don't count."""
    words = LETTERS.findall(name.casefold().replace("ё", "е"))
    telling = [word for word in words if word not in LEGAL]
    return " ".join(telling or words)


async def _employers(cohort: UUID) -> list[tuple[UUID, UUID, str]]:
    teams: dict[str, set[UUID]] = defaultdict(set)
    for row in await fetch(MEMBERS_EMPLOYERS, cohort):
        teams[employer_key(row["employer"])].add(row["team"])
    return [
        (row["person"], team, "employer")
        for row in await fetch(JURORS_EMPLOYERS, cohort)
        for team in teams.get(employer_key(row["employer"]), ())
    ]


# --- Writing them down ------------------------------------------------------------------------------------------------


async def derive(cohort: UUID, *, at: datetime, by: UUID) -> int:
    """A step: bring the derived conflicts of a cohort's juries up to date; how many are new. Sheets are not touched."""
    rows = await fetch(GROUNDS, cohort)
    found: dict[Pair, list[str]] = defaultdict(list)
    for person, team, source in [
        *((row["person"], row["team"], row["source"]) for row in rows),
        *await _employers(cohort),
    ]:
        found[person, team].append(source)
    known = await fetch(KNOWN, cohort)
    judged = {(row["person"], row["team"], row["source"]) for row in known if row["lift_reason"]}
    standing = {(row["person"], row["team"]): row["source"] for row in known if row["lifted_at"] is None}
    holding = {pair: _first(pair, sources, judged) for pair, sources in found.items()}
    gone = [pair for pair, source in standing.items() if source in DERIVED and holding.get(pair) != source]
    await _take_back(cohort, gone, at, by)
    fresh = [
        (*pair, source) for pair, source in sorted(holding.items(), key=str)
        if source and (pair not in standing or pair in gone)
    ]  # fmt: skip
    await _write(cohort, fresh, at, by)
    return len(fresh)


def _first(pair: Pair, sources: list[str], judged: set[tuple[UUID, UUID, str]]) -> str | None:
    """The strongest ground that nobody has found to be none."""
    for source in DERIVED:
        silenced = any((*pair, other) in judged for other in IMPLIED.get(source, (source,)))
        if source in sources and not silenced:
            return source
    return None


async def _take_back(cohort: UUID, gone: list[Pair], at: datetime, by: UUID) -> None:
    if gone:
        people, teams = [person for person, _ in gone], [team for _, team in gone]
        await execute(GONE, cohort, people, teams, at, by, list(DERIVED))


async def _write(cohort: UUID, fresh: list[tuple[UUID, UUID, str]], at: datetime, by: UUID) -> None:
    if not fresh:
        return
    people, teams, sources = (list(column) for column in zip(*fresh, strict=True))
    await execute(WRITE, [new_id() for _ in fresh], cohort, people, teams, sources, at, by)
    await execute("DELETE FROM allocated_pair a USING seat e, round_project p WHERE a.seat = e.id AND a.project = p.id"
                  " AND (e.person, p.team) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))", people, teams)  # fmt: skip
    await record(
        "conflicts.derived", by=by, at=at, audience=Audience.JURY, cohort=cohort, subject=cohort, count=len(fresh),
        sources=sorted(set(sources)),
    )  # fmt: skip


# --- When something changes about a person ----------------------------------------------------------------------------

COHORTS = """
SELECT DISTINCT r.cohort, CASE WHEN r.state = 'open' THEN r.id END AS open FROM scoring_round r
WHERE r.state IN ('draft', 'open')
  AND r.cohort IN (SELECT g.cohort FROM role_grant g WHERE g.person = $1 AND g.revoked_at IS NULL)
"""
RECUSE = """
UPDATE score_sheet s SET state = 'recused', version = s.version + 1
FROM seat e, round_project p, conflict_of_interest i
WHERE s.round = $1 AND s.seat = e.id AND s.project = p.id AND s.state NOT IN ('recused', 'void')
  AND i.person = e.person AND i.team = p.team AND i.lifted_at IS NULL
"""


async def look_again(person: UUID, *, at: datetime, by: UUID) -> None:
    """A step: something about a person has changed; the conflicts of his cohorts follow, and sheets of open rounds."""
    rows = await fetch(COHORTS, person)
    for cohort in sorted({row["cohort"] for row in rows}):
        await derive(cohort, at=at, by=by)
    for scoring in sorted(row["open"] for row in rows if row["open"]):
        await share(scoring)
        await execute(RECUSE, scoring)


@reads("person.profile_edited", "invitation.accepted")
async def follow(entry: Entry) -> None:
    """A changed profile, or a new role, may bring a conflict or end one."""
    if entry.by is not None:
        async with DB.transaction():
            await look_again(entry.by, at=entry.at, by=entry.by)
