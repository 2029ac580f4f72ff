"""The guide for those who use the site, as the help page shows it: by sections, what one is first."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from markupsafe import Markup

from incubator.foundation.pages import markdown
from incubator.people.rights import Role
from incubator.settings import asset_folder

TEAM: Final = frozenset({Role.TEAM_LEAD, Role.PARTICIPANT})
READERS: Final = {
    "Команда": TEAM, "A team": TEAM,
    "Модератор": frozenset({Role.MODERATOR}), "A moderator": frozenset({Role.MODERATOR}),
    "Эксперт": frozenset({Role.JUROR}), "A juror": frozenset({Role.JUROR}),
    "Организатор": frozenset({Role.ORGANISER}), "An organiser": frozenset({Role.ORGANISER}),
    "Администратор": frozenset({Role.ADMINISTRATOR}), "An administrator": frozenset({Role.ADMINISTRATOR}),
}  # fmt: skip
"""Whom a section is for, by its heading; a section with any other heading is for everybody."""
TO_FILES: Final = re.compile(r"\[([^\]]+)\]\((?!/|https?:)[^)]*\)")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the guide; nobody in particular is meant where `readers` is empty."""

    id: str
    title: str
    readers: frozenset[Role]
    html: Markup


@cache
def sections(locale: str) -> Sequence[Section]:
    """The guide in a language, in its own order. Links to other files lead nowhere on the site, so their words stay alone."""
    text = (asset_folder("docs/guide") / f"{locale}.md").read_text(encoding="utf-8")
    return [_section(number, part) for number, part in enumerate(re.split(r"^## ", text, flags=re.MULTILINE)[1:], 1)]


def _section(number: int, part: str) -> Section:
    title, _, body = part.partition("\n")
    html = markdown(TO_FILES.sub(r"\1", body), breaks=False)
    return Section(f"part-{number}", title.strip(), READERS.get(title.strip(), frozenset()), html)


def guide(locale: str, roles: Collection[Role]) -> tuple[Sequence[Section], Sequence[Section]]:
    """What is for everybody and for who has these roles, then the rest."""
    mine = [each for each in sections(locale) if not each.readers or each.readers & set(roles)]
    return mine, [each for each in sections(locale) if each not in mine]
