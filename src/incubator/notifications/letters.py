"""What each letter says, in the language and the zone of its reader. Pure."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incubator.foundation.i18n import MOSCOW, Due, Message, clock, day, moment, tied, zone, zone_label
from incubator.notifications.rules import Kind
from incubator.people.rights import Role
from incubator.people.rules import ROLE_NAMES

LONGEST_SUBJECT, LONGEST_PROGRAMME = 120, 60  # characters


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in its reader's language: subject, paragraphs, and a button with the path it leads to ("" for none)."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str = ""
    path: str = ""


Facts = Mapping[str, Any]  # what is kept of a letter: texts, and moments as ISO 8601


def words(kind: Kind, facts: Facts, secret: Mapping[str, str]) -> Words:
    """The letter's words in the current language and zone. `secret` holds the token of its link, if it has one."""
    about, paragraphs, button, path = WRITERS[kind](facts, secret)
    sender = str(facts.get("programme") or Message("Incubator"))
    subject = one_line(f"{_shortened(sender, LONGEST_PROGRAMME)}: {about}")
    return Words(_shortened(subject, LONGEST_SUBJECT), tuple(str(each) for each in paragraphs), str(button), path)


def one_line(text: str) -> str:
    """A text that can stand in a header: no line ends, no control characters, single spaces."""
    return " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def when(instant: datetime) -> str:
    """A moment in the reader's zone and, where that differs, in Moscow's."""
    here = moment(instant)
    if zone() == MOSCOW:
        return here
    other_day = day(instant) != day(instant, MOSCOW)
    date_there = f"{day(instant, MOSCOW)}, " if other_day else ""
    return tied(f"{here} · {date_there}{clock(instant, MOSCOW)} {zone_label(instant, MOSCOW)}")


def _moment(facts: Facts, name: str) -> str:
    return when(datetime.fromisoformat(facts[name])) if facts.get(name) else ""


def _deadline(facts: Facts) -> Message:
    """The sentence that the pages say too: in the team's zone, whoever reads."""
    return Message("Deadline: {moment}.", moment=Due(datetime.fromisoformat(facts["deadline"]), facts.get("zone")))


# The letters. Each gives what the subject says, paragraphs, the button's label and its path.

Letter = tuple[Message, Sequence[Message | str], Message, str]
WRITERS: dict[Kind, Callable[[Facts, Mapping[str, str]], Letter]] = {}


def _writes(kind: Kind) -> Callable[[Callable[[Facts, Mapping[str, str]], Letter]], Any]:
    def register(writer: Callable[[Facts, Mapping[str, str]], Letter]) -> Any:
        WRITERS[kind] = writer
        return writer

    return register


@_writes(Kind.INVITATION)
def _invitation(facts: Facts, secret: Mapping[str, str]) -> Letter:
    role, place = str(ROLE_NAMES[Role(facts["role"])]).lower(), facts.get("place") or Message("the whole installation")
    paragraphs = [
        Message("{inviter} invites you to take part.", inviter=facts["inviter"])
        if facts.get("inviter")
        else Message("You are invited to take part."),
        Message("Your role: {role}. Where: {place}.", role=role, place=place),
        Message(
            "Open the link, look at who invites you, and press the button there. That is where your account is made."
        ),
        Message("The invitation is open until {moment}.", moment=_moment(facts, "until")),
    ]
    return Message("invitation"), paragraphs, Message("Open the invitation"), f"/invitation/{secret.get('token', '')}"


@_writes(Kind.RESET)
def _reset(facts: Facts, secret: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message(
            "Somebody asked to reset the password of your account. If it was not you, do nothing: it stays as it is."
        ),
        Message("The link opens once, until {moment}.", moment=_moment(facts, "until")),
    ]
    return Message("new password"), paragraphs, Message("Choose a new password"), f"/reset/{secret.get('token', '')}"


@_writes(Kind.PASSWORD_CHANGED)
def _password_changed(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("The password of your account was changed: {moment}.", moment=_moment(facts, "at")),
        Message("If it was not you, reset the password now and write to an organiser."),
    ]
    return Message("password changed"), paragraphs, Message("Reset the password"), "/reset"


@_writes(Kind.ADDRESS_CHANGED)
def _address_changed(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("The administrator changed the address of your account: {moment}.", moment=_moment(facts, "at")),
        Message("Before: {before}. Now: {after}.", before=facts["before"], after=facts["after"]),
        Message("If you do not know why, write to an organiser of your programme."),
    ]
    return Message("address changed"), paragraphs, Message("Sign in"), "/sign-in"


@_writes(Kind.RETURNED)
def _returned(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("“{title}” was returned to your team for changes.", title=facts["assignment"]),
        Message("The moderator's remarks stand beside the fields. Answer them, change the text and send it again."),
    ]
    if facts.get("deadline"):
        paragraphs.append(_deadline(facts))
    return Message("work returned for changes"), paragraphs, Message("Read the remarks"), facts["path"]


@_writes(Kind.ACCEPTED)
def _accepted(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [Message("“{title}” was accepted by the moderator.", title=facts["assignment"])]
    return Message("work accepted"), paragraphs, Message("Open the work"), facts["path"]


@_writes(Kind.FAILED)
def _failed(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("“{title}” was not accepted after its last check.", title=facts["assignment"]),
        Message("The moderator's reasons stand with the work. Nothing in it changes any more."),
        Message("The organisers decide how the team goes on. Ask the moderator or them."),
    ]
    return Message("work not accepted"), paragraphs, Message("Read the reasons"), facts["path"]


@_writes(Kind.EXTENDED)
def _extended(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Your team has more time for “{title}”.", title=facts["assignment"]),
        _deadline(facts),
    ]
    return Message("more time"), paragraphs, Message("Open the work"), facts["path"]


@_writes(Kind.MESSAGE)
def _message(facts: Facts, _: Mapping[str, str]) -> Letter:
    lines = [line for line in facts["text"].splitlines() if line.strip()]
    paragraphs = [Message("{name} writes to your team:", name=facts["sender"]), *lines]
    return Message("message to the team"), paragraphs, Message("Open the messages"), facts["path"]


@_writes(Kind.QUESTION)
def _question(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Your team was asked a guiding question. The answer stays with the case."),
        Message("There is no mark for it: it helps to see the problem from a new side."),
    ]
    return Message("a question to your team"), paragraphs, Message("Read the question"), facts["path"]


@_writes(Kind.ADVANCED)
def _advanced(facts: Facts, _: Mapping[str, str]) -> Letter:
    if facts.get("module"):
        paragraphs = [Message("The next module is open to your team: “{title}”.", title=facts["module"])]
    else:
        paragraphs = [Message("Your team has passed the last module.")]
    if facts.get("deadline"):
        paragraphs.append(_deadline(facts))
    return Message("your team goes on"), paragraphs, Message("See what to do now"), facts["path"]


@_writes(Kind.WITHDRAWN)
def _withdrawn(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message(
            "An organiser took your team out of the programme. What it wrote stays readable; nothing in it changes."
        ),
        Message("The reason stands in the journal of the team. If it is a mistake, write to the organisers."),
    ]
    return Message("your team has left the programme"), paragraphs, Message("Read the reason"), facts["path"]


@_writes(Kind.RESULT)
def _result(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [Message("The jury's result is published: “{title}”.", title=facts["round"])]
    if facts.get("root"):
        paragraphs.append(Message("Root of the score ledger: {root}", root=facts["root"]))
    return Message("the jury's result"), paragraphs, Message("See the result"), facts["path"]


@_writes(Kind.OPENED)
def _opened(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Scoring is open in the round “{title}”, and your score sheets wait for you.", title=facts["round"]),
        Message("First say whether you have a conflict of interest with any of the teams. Until the lock you can change every mark."),
    ]  # fmt: skip
    return Message("scoring is open"), paragraphs, Message("Open the round"), facts["path"]


@_writes(Kind.CALLED_UP)
def _called_up(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("You were called up as a substitute in the round “{title}”.", title=facts["round"]),
        Message.count("{n} score sheet is yours now.", "{n} score sheets are yours now.", int(facts["sheets"])),
    ]
    return Message("you are called up"), paragraphs, Message("Open the round"), facts["path"]


@_writes(Kind.UNLOCKED)
def _unlocked(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Two organisers have unlocked the round “{title}”: marks can be changed until it is locked again.", title=facts["round"]),
        Message("Your sheets are as you left them; if nothing changes for you, there is nothing to do."),
        Message("Keep the letter about the lock: with its root anybody can check what was recorded before."),
    ]  # fmt: skip
    return Message("the round is unlocked"), paragraphs, Message("Open the round"), facts["path"]


@_writes(Kind.REOPENED)
def _reopened(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Two organisers have given one of your score sheets back to you: “{title}”.", title=facts["round"]),
        Message("The round is locked otherwise. Look through the sheet and hand it in again: the result waits for it."),
    ]
    return Message("a score sheet to hand in again"), paragraphs, Message("Open the sheet"), facts["path"]


@_writes(Kind.VOIDED)
def _voided(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Two organisers have made one of your score sheets void: “{title}”. It doesn't count in the result.", title=facts["round"]),
        Message("The reason stands on the sheet. What you have written stays in the score ledger."),
    ]  # fmt: skip
    return Message("a score sheet is void"), paragraphs, Message("Open the sheet"), facts["path"]


@_writes(Kind.LOCKED)
def _locked(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("The round “{title}” is locked: no mark changes any more.", title=facts["round"]),
        Message("Root of the score ledger: {root}", root=facts["root"]),
    ]
    if facts.get("receipt"):
        paragraphs.append(Message("Your last receipt: {receipt}", receipt=facts["receipt"]))
    paragraphs.append(Message("Keep this letter. With it anybody can check later that nothing was changed."))
    return Message("the round is locked"), paragraphs, Message("See the score ledger"), facts["path"]


@_writes(Kind.PAPER)
def _paper(facts: Facts, _: Mapping[str, str]) -> Letter:
    about = {"project": facts["project"], "title": facts["round"]}
    told = [Message("Your sheet of paper says something else than you wrote on the site: {project}, “{title}”.", **about),
            Message("Nothing was changed. Open the sheet and choose what stands; until then the site's version counts.")]  # fmt: skip
    if facts.get("receipt"):
        told = [Message("Your sheet of paper was typed and recorded: {project}, “{title}”.", **about),
                Message("Receipt: {receipt}", receipt=facts["receipt"]),
                Message("Look whether it says what you wrote. Until the lock you can change it or take it back.")]  # fmt: skip
    return Message("your sheet of paper"), told, Message("Open the sheet"), facts["path"]


@_writes(Kind.DELIBERATION)
def _deliberation(facts: Facts, _: Mapping[str, str]) -> Letter:
    told = Message(
        "The jury deliberates on the round “{title}”. Meanwhile you see its ranking on the site.", title=facts["round"]
    )
    return Message("the jury deliberates"), [told], Message("Go to the deliberation"), facts["path"]


@_writes(Kind.ROOT)
def _root(facts: Facts, _: Mapping[str, str]) -> Letter:
    told = [Message("Root of the score ledger of the round “{title}”: {root}", title=facts["round"], root=facts["root"]),
            Message("Keep this letter. With it anybody can check later that nothing was changed.")]  # fmt: skip
    return Message("root of a score ledger"), told, Message("See the score ledger"), facts["path"]
