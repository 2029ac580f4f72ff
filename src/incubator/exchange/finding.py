"""Search over what the viewer may read: rights stand in the statement, so counts, order and time say nothing of the rest.

Cases and teams to the team and staff, private notes to those who write them, opened work to the cohort, cards to everybody.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from incubator.exchange.rules import PAGE
from incubator.exchange.wording import HEADLINE, nearest, pieces, query, words_of
from incubator.foundation.database import fetch
from incubator.people.rights import Role, Scope, Viewer

MOST_STEMS: Final = 5000
SIMILAR: Final = 5
SHARED_WORDS: Final = 3

# $2 own teams, $3 teams accompanied, $4 programmes organised, $5 teams in conflict, $6 cohorts in which one is a peer
TEAMS = """
SELECT t.id, t.name, y.name AS municipality, y.region, t.registered_at, t.withdrawn_at IS NULL AS there,
  t.id = ANY($2::uuid[] || $3::uuid[]) OR c.programme = ANY($4::uuid[]) AS inside,
  t.id = ANY($3) OR (c.programme = ANY($4) AND NOT t.id = ANY($5::uuid[])) AS noted
FROM team t JOIN cohort c ON c.id = t.cohort JOIN municipality y ON y.id = t.municipality
WHERE t.id = ANY($2 || $3) OR c.programme = ANY($4) OR t.cohort = ANY($6::uuid[])
"""
# Each source: kind, address, title, place, text, vector, moment. Kept vectors have indexes.
SOURCES = {
    "case": """SELECT 'case', '/teams/' || t.id || '/case', p.title, t.name || ', ' || t.municipality,
      p.problem || ' ' || p.affected || ' ' || p.expected_change, p.vector, p.updated_at
      FROM problem_case p JOIN seen t ON t.id = p.team WHERE t.inside AND p.deleted_at IS NULL""",
    "opened": """SELECT 'opened', '/opened/' || o.id, o.title, t.name || ', ' || t.municipality, o.words,
      o.vector, o.opened_at
      FROM opened_work o JOIN seen t ON t.id = o.team WHERE o.closed_at IS NULL AND (t.inside OR t.there)""",
    "card": """SELECT 'card', '/cases/' || k.id, k.title, y.name || ', ' || y.region, k.words,
      k.vector, k.published_at
      FROM case_card k JOIN problem_case p ON p.id = k.problem_case JOIN team t ON t.id = p.team
      JOIN municipality y ON y.id = t.municipality WHERE k.published_at IS NOT NULL AND t.withdrawn_at IS NULL""",
    "team": """SELECT 'team', '/teams/' || t.id, t.name, t.municipality || ', ' || t.region, t.municipality || ', ' || t.region,
      to_tsvector('russian', t.name || ' ' || t.municipality || ' ' || t.region), t.registered_at FROM seen t WHERE t.inside""",
    "person": """SELECT 'person', '/teams/' || t.id || '/members', h.name, t.name || ', ' || t.municipality, '',
      to_tsvector('russian', h.name) || to_tsvector('simple', translate(lower(h.name), 'ё', 'е')), m.joined_at
      FROM team_member m JOIN person h ON h.id = m.person JOIN seen t ON t.id = m.team WHERE m.left_at IS NULL AND t.inside""",
    "note": """SELECT 'note', '/teams/' || t.id || '/notes', t.name, t.municipality, n.text, n.vector, n.written_at
      FROM private_note n JOIN seen t ON t.id = n.team WHERE t.noted AND n.retracted_at IS NULL""",
}
ALL = " UNION ALL ".join(SOURCES.values())
DOCUMENTS = f"WITH seen AS ({TEAMS}), documents (kind, href, title, place, text, vector, at) AS ({ALL})"
WANTED = "(to_tsquery('russian', $1) || to_tsquery('simple', $1))"  # names are kept as they are
FOUND = f"""
{DOCUMENTS}, hits AS (
  SELECT d.*, ts_rank(d.vector, {WANTED}) + CASE WHEN to_tsvector('russian', d.title) @@ {WANTED} THEN 1 ELSE 0 END AS rank,
    count(*) OVER () AS total FROM documents d WHERE d.vector @@ {WANTED}
  ORDER BY rank DESC, d.at DESC, d.href LIMIT $7 OFFSET $8)
SELECT h.kind, h.href, h.place, h.total, ts_headline('russian', h.title, {WANTED}, '{HEADLINE}, HighlightAll=true') AS title,
  ts_headline('russian', h.text, {WANTED}, '{HEADLINE}') AS text
FROM hits h ORDER BY h.rank DESC, h.at DESC, h.href
"""
STEMS = f"{DOCUMENTS} SELECT DISTINCT s FROM documents d, unnest(tsvector_to_array(d.vector)) s WHERE $1 = '' LIMIT {MOST_STEMS}"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found; `title` and `text` are pieces of which some are to be marked."""

    kind: str
    href: str
    place: str
    title: Sequence[tuple[str, bool]]
    text: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Findings:
    """A page of what was found. `loose`: not every word is there; `meant`: the words that were looked for instead."""

    hits: Sequence[Hit] = ()
    total: int = 0
    loose: bool = False
    meant: Sequence[str] = ()


def _reach(viewer: Viewer | None) -> tuple[list[UUID], ...]:
    """What the viewer is within: teams, teams accompanied, programmes, teams in conflict, cohorts. A juror has no peers."""
    if viewer is None:
        return ([], [], [], [], [])
    own = viewer.places(Role.TEAM_LEAD, Scope.TEAM) + viewer.places(Role.PARTICIPANT, Scope.TEAM)
    judged = set(viewer.places(Role.JUROR, Scope.COHORT))
    around = {Role.TEAM_LEAD, Role.PARTICIPANT, Role.MODERATOR}
    cohorts = {each.cohort for each in viewer.grants if each.role in around and each.cohort is not None}
    cohorts |= set(viewer.places(Role.MODERATOR, Scope.COHORT))
    conflicts = [*own, *(each.team for each in viewer.interests)]
    return (own, viewer.places(Role.MODERATOR, Scope.TEAM), viewer.places(Role.ORGANISER, Scope.PROGRAMME), conflicts,
            sorted(cohorts - judged))  # fmt: skip


async def search(viewer: Viewer | None, text: str, page: int = 1) -> Findings:
    """What the viewer may read and what holds the words: all of them, else some, else words like them.

    One statement where something is found at once, at most four. Its time and counts hang on what the viewer may read.
    """
    words = words_of(text)
    if not words:
        return Findings()
    found = await _found(viewer, query(words), page)
    if not found.hits and len(words) > 1:
        found = await _found(viewer, query(words, all_of_them=False), page, loose=True)
    if not found.hits and page == 1:
        found = await _meant(viewer, words)
    return found


async def _meant(viewer: Viewer | None, words: Sequence[str]) -> Findings:
    """What is found by the stems nearest to words that are found nowhere."""
    stems = [row["s"] for row in await fetch(STEMS, "", *_reach(viewer))]
    meant = await asyncio.to_thread(nearest, words, [stem for stem in stems if stem.isalnum()])
    return await _found(viewer, query(meant), 1, meant=meant) if meant else Findings()


async def _found(viewer: Viewer | None, wanted: str, page: int, **more: Any) -> Findings:
    rows = await fetch(FOUND, wanted, *_reach(viewer), PAGE, (page - 1) * PAGE)
    return Findings([_hit(row) for row in rows], rows[0]["total"] if rows else 0, **more)


def _hit(row: Mapping[str, Any]) -> Hit:
    return Hit(row["kind"], row["href"], row["place"], pieces(row["title"]), pieces(row["text"]))


# Similar cases


@dataclass(frozen=True, slots=True)
class Similar:
    """A published case or opened work that speaks of the same; `example` when it is only the newest of another region."""

    href: str
    title: str
    place: str
    text: str
    example: bool


# $1 the team, $2 to $6 as above, $7 words that have to be shared, $8 most
SIMILAR_TO = f"""
WITH seen AS ({TEAMS}), own AS (SELECT t.municipality,
    (SELECT array_agg(s) FROM unnest(tsvector_to_array(p.vector)) s WHERE s ~ '^[[:alnum:]]{{3,}}$') AS stems
  FROM team t LEFT JOIN problem_case p ON p.team = t.id AND p.deleted_at IS NULL WHERE t.id = $1),
documents AS (
  SELECT '/cases/' || k.id AS href, k.title, k.words, k.vector AS vector,
    y.id AS municipality, y.name || ', ' || y.region AS place, y.region, k.published_at AS at, true AS card
  FROM case_card k JOIN problem_case p ON p.id = k.problem_case JOIN team t ON t.id = p.team
  JOIN municipality y ON y.id = t.municipality WHERE k.published_at IS NOT NULL AND t.withdrawn_at IS NULL AND t.id <> $1
  UNION ALL
  SELECT '/opened/' || o.id, o.title, o.words, o.vector, NULL,
    t.name || ', ' || t.municipality, t.region, o.opened_at, false
  FROM opened_work o JOIN seen t ON t.id = o.team WHERE o.closed_at IS NULL AND t.there AND t.id <> $1),
counted AS (
  SELECT d.*, (SELECT count(*) FROM unnest(tsvector_to_array(d.vector)) s WHERE s = ANY(w.stems)) AS shared,
    d.card AND d.municipality <> w.municipality AS elsewhere FROM documents d CROSS JOIN own w),
near AS (SELECT * FROM counted WHERE shared >= $7 ORDER BY shared / ln(3 + length(vector)) DESC, at DESC LIMIT $8)
SELECT href, title, place, left(words, 240) AS text, false AS example, shared / ln(3 + length(vector)) AS rank FROM near
UNION ALL (SELECT href, title, place, left(words, 240), true, 0 FROM counted
  WHERE elsewhere AND NOT EXISTS (SELECT 1 FROM near) ORDER BY at DESC LIMIT 1)
ORDER BY rank DESC
"""


async def similar(viewer: Viewer, team: UUID) -> list[Similar]:
    """Cases that share words with the team's own as it is saved, or one of another municipality as an example. One statement."""
    rows = await fetch(SIMILAR_TO, team, *_reach(viewer), SHARED_WORDS, SIMILAR)
    return [Similar(**{name: row[name] for name in Similar.__slots__}) for row in rows]
