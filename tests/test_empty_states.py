"""A page that lists things says, when there are none, what comes here and what to do next."""

import re
from pathlib import Path

from incubator.settings import asset_folder

TEMPLATES = asset_folder("templates")
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
PAGES = [path for path in sorted(TEMPLATES.rglob("*.html")) if path.parent.name not in {"shared", "letters"}]
CALL = re.compile(r"(?<!\w)p\.empty\(")

NEVER_EMPTY = {
    "installation/step.html": "the pages of the set-up",
    "people/_said.html": "included only where there is something",
    "programmes/copy_cohort.html": "shows the modules there are, if any",
    "programmes/new_cohort.html": "blueprints are shipped",
    "stages/_affected.html": "included only where teams are touched",
    "stages/_answers.html": "an assignment has fields",
    "teams/case_check.html": "an indicator is asked for",
    "teams/_case_text.html": "says nothing where there is no indicator",
    "jury/conflicts.html": "a round has projects", "jury/round.html": "a round has projects",
    "jury/pitch.html": "a round has projects", "jury/minutes_preview.html": "a round has projects",
    "jury/sheet.html": "a round has criteria", "jury/sheets.html": "a project has criteria",
    "moderation/bulk_extension.html": "what was ticked", "moderation/bulk_message.html": "what was ticked",
    "jury/advice.html": "a round that is locked has projects", "jury/why.html": "a round has criteria",
    "reporting/_map_table.html": "the map says it", "teams/contacts.html": "a team has its lead",
}  # fmt: skip
"""Templates with a table that needs no word for nothing, and why."""
NO_STEP = {
    "jury/board.html": "jurors are seated on the same page, below",
    "jury/calibration.html": "samples are added on the same page, below",
    "jury/deliberation.html": "the figures of a result",
    "jury/marks.html": "the sheets of a result",
    "jury/challenge.html": "a team waits for the organisers",
    "jury/conflict_list.html": "nothing has to be done about it",
    "jury/home.html": "a juror waits for the organisers",
    "jury/ledger.html": "the program writes it",
    "jury/certificates.html": "issued by the buttons of the same page",
    "jury/papers.html": "sheets are typed on the same page, above",
    "jury/ranking.html": "a result",
    "jury/receipts.html": "come by themselves",
    "reporting/_pages.html": "an organiser assigns",
    "reporting/overview.html": "good news",
    "stages/home.html": "good news",
}
"""Templates in which some empty list has no next step, and why."""


def markup(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def arguments(text: str, start: int) -> str:
    """What stands between the parentheses of a call."""
    depth, end, quote = 1, start, ""
    while depth:
        letter = text[end]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += {"(": 1, ")": -1}.get(letter, 0)
        end += 1
    return text[start : end - 1]


def positional(text: str) -> list[str]:
    """The arguments of a call that have no name."""
    parts, depth, quote, last = [], 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "," and not depth:
            parts.append(text[last:place])
            last = place + 1
        else:
            depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(letter, 0)
    parts.append(text[last:])
    return [part.strip() for part in parts if not re.match(r"\s*\w+=", part)]


def test_every_list_says_something_when_it_is_empty():
    mute = []
    for path in PAGES:
        name, text = path.relative_to(TEMPLATES).as_posix(), markup(path)
        lists = re.search(r"<tbody[^>]*>\s*\{%-? for ", text)
        if lists and "p.empty(" not in text and "quiet" not in text and name not in NEVER_EMPTY:
            mute.append(name)
    assert mute == []
    assert all((TEMPLATES / name).is_file() for name in NEVER_EMPTY)


def test_every_empty_list_leads_on():
    dead = []
    for path in PAGES:
        name, text = path.relative_to(TEMPLATES).as_posix(), markup(path)
        for found in CALL.finditer(text):
            called = "call p.empty(" in text[found.start() - 5 : found.end()]
            if not called and len(positional(arguments(text, found.end()))) < 3 and name not in NO_STEP:
                dead.append(f"{name}: {arguments(text, found.end())[:80]}")
    assert dead == []


def test_the_checker_sees_a_dead_end():
    assert positional('_("Nothing, at all"), art="x"') == ['_("Nothing, at all")']
    assert positional('_("Nothing"), "/a" if b else "", _("Go")') == ['_("Nothing")', '"/a" if b else ""', '_("Go")']
    assert arguments('p.empty(_("a (b)"), x) }}', 8) == '_("a (b)"), x'
