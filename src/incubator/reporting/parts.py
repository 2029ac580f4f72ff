"""What a start page is made of: parts, and in each the lines of what is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from incubator.foundation.i18n import Message

NOTHING_HERE: Final = Message("There is nothing to do here now.")


@dataclass(frozen=True, slots=True)
class Joined:
    """Several texts in one line, each translated only when it is shown."""

    texts: Sequence[Message | str]

    def __str__(self) -> str:
        return " · ".join(str(text) for text in self.texts)


@dataclass(frozen=True, slots=True)
class Todo:
    """One line of the list. `state` is a tag's state or colour, `tag` its word; both "" for none."""

    title: Message | str
    href: str
    note: Message | Joined | str = ""
    state: str = ""
    tag: Message | str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one role brings. `quiet` is said when there is nothing to do; `more` leads to all of it."""

    heading: Message | str
    todos: Sequence[Todo]
    quiet: Message
    href: str = ""
    facts: Sequence[Message | str] = ()
    more: tuple[str, Message] | None = None
