"""Which letters there are, who gets them and what they say. Pure.

A letter is written in the transaction of the action it tells of, by reading the journal. What an action passes along:

| verb                    | who is told                | needs                   | aside                                            |
|-------------------------|----------------------------|-------------------------|--------------------------------------------------|
| person.invited          | the invited address        | subject=invitation_id   | offer: the Offer that `offer_role` gave          |
| people.invited          | every invited address      |                         | offers: the Offers                               |
| person.reset_asked      | the person                 | subject=person_id       | token: of the reset link                         |
| person.password_changed | the person                 | subject=person_id       |                                                  |
| person.address_changed  | both addresses             | subject=person_id       | before, after: the addresses                     |
| submission.returned     | the team                   | cohort, team            | assignment: title; path; deadline: datetime or None; zone of the team |
| submission.accepted     | the team                   | cohort, team            | assignment: title; path                          |
| submission.failed       | the team                   | cohort, team            | assignment: title; path                          |
| submission.extended     | the team                   | cohort, team            | assignment: title; path; deadline; zone          |
| message.sent            | the team                   | cohort, team            | text, sender: what was written, and by whom; path |
| question.asked          | the team                   | cohort, team            | path                                             |
| team.advanced           | the team                   | cohort, team            | module: title of the next one, "" after the last; path; deadline; zone |
| team.withdrawn          | the team                   | cohort, team            | path                                             |
| round.published         | everybody in the cohort    | cohort                  | round: title; path                               |
| round.locked            | its jurors                 | cohort                  | round: title; path; root; receipts: {juror's id: his last receipt, ""} |
| sheet.reopened          | its juror                  | cohort                  | juror: his id; round: title; path                |
| paper.entered, .waits   | its juror                  | cohort                  | juror; round; project: what it is called; path; receipt |
| ledger.root_sent        | addresses of the round     | cohort                  | addresses; their_zone; round; path; root (round.locked too) |
| deliberation.opened     | jurors without a conflict  | cohort                  | jurors: their ids; round: title; path            |

    await record("submission.returned", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=…, team=…,
                 subject=submission_id, aside={"assignment": title, "path": f"/teams/{team}/assignments/{assignment}"})

Decisions that can be taken back for some minutes pass `not_before` (the letter goes no earlier) and `about`, by which
`call_back` finds the letters. `path` begins with a slash; the site's address is put before it. More keys may be in `aside`: they are not used. No letter
says more of the work than its title (authorisation matrix, notification.receive): mail is a reader whom nobody can see.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from incubator.foundation.i18n import MOSCOW, Due, Message, clock, day, moment, tied, zone, zone_label
from incubator.people.rights import LEAD, ORGANISER, ORGANISERS, Relation, Role, right
from incubator.people.rules import ROLE_NAMES

TOLD_LATE = timedelta(days=1)  # an action told that much later than it happened is a story: its letters count as sent
LONGEST_SUBJECT, LONGEST_PROGRAMME = 120, 60  # characters

SEE_LETTERS = right(
    "letters.view",
    allow=ORGANISERS,
    forbid=frozenset({Relation.ADMINISTRATOR}),
    reason=Message("Letters of a cohort are read by the organisers of its programme."),
)
SEE_JURYS_LETTERS = right("letters.jury", allow=ORGANISER)
SEE_CARD = right("invitation.card", allow=ORGANISERS | LEAD, forbid=frozenset({Relation.ADMINISTRATOR}))


class Kind(StrEnum):
    """The letters there are."""

    INVITATION = "invitation"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (the name of a letter)
    ADDRESS_CHANGED = "address_changed"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    FAILED = "failed"
    EXTENDED = "extended"
    MESSAGE = "message"
    QUESTION = "question"
    ADVANCED = "advanced"
    WITHDRAWN = "withdrawn"
    RESULT = "result"
    REOPENED = "reopened"
    LOCKED = "locked"
    PAPER = "paper"
    ROOT = "root"
    DELIBERATION = "deliberation"


KIND_NAMES = {
    Kind.INVITATION: Message("Invitation"),
    Kind.RESET: Message("Password reset"),
    Kind.PASSWORD_CHANGED: Message("Password changed"),
    Kind.ADDRESS_CHANGED: Message("Address changed"),
    Kind.RETURNED: Message("Work returned"),
    Kind.ACCEPTED: Message("Work accepted"),
    Kind.FAILED: Message("Work not accepted"),
    Kind.EXTENDED: Message("Deadline extended"),
    Kind.MESSAGE: Message("Message to the team"),
    Kind.QUESTION: Message("Guiding question"),
    Kind.ADVANCED: Message("Next module"),
    Kind.WITHDRAWN: Message("Team withdrawn"),
    Kind.RESULT: Message("Result published"),
    Kind.REOPENED: Message("Score sheet reopened"),
    Kind.LOCKED: Message("Round locked"),
    Kind.PAPER: Message("Sheet of paper"),
    Kind.ROOT: Message("Root of a ledger"),
    Kind.DELIBERATION: Message("Deliberation opened"),
}

TO_THE_JURY = frozenset({Kind.REOPENED, Kind.LOCKED, Kind.PAPER, Kind.ROOT, Kind.DELIBERATION})
"""Letters that tell when the jury acts: who has a conflict of interest doesn't read of it, as in the journal."""


class State(StrEnum):
    """What became of a letter; derived from its row."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    CALLED_BACK = "called_back"


STATE_NAMES = {
    State.WAITING: Message.within("letter", "Waiting"),
    State.SENT: Message.within("letter", "Sent"),
    State.FAILED: Message.within("letter", "Failed"),
    State.CALLED_BACK: Message.within("letter", "Called back"),
}


# Why a letter is not there yet: a word, and after a colon what the server said.

FAULTS = {
    "held": Message("It waits some minutes, as long as the decision can be taken back."),
    "no-server": Message("No mail server is set up yet."),
    "settings": Message("The address of the mail server can't be read. The administrator sets it in SMTP_URL."),
    "sign-in": Message("The mail server refuses our user or password. The administrator sets them in SMTP_URL."),
    "silent": Message("The mail server does not answer. The letter is tried again by itself."),
    "later": Message("The mail server could not take the letter yet. It is tried again by itself."),
    "over": Message("Its link is no longer open, so it was not sent."),
    "address": Message("Nothing can be sent to this address. Check how it is written."),
    "unknown": Message("There is no such mailbox. Check the address with the person."),
    "full": Message("The mailbox is full. Reach the person another way, then send again."),
    "unwanted": Message("The other mail server takes no letters from ours. Ask the administrator."),
    "refused": Message("The mail server refused the letter. Reach the person another way."),
}
OTHER_FAULT = Message("The letter could not be sent.")


def fault_words(fault: str) -> Message:
    """The reason for people."""
    return FAULTS.get(fault.partition(":")[0], OTHER_FAULT)


def fault_details(fault: str) -> str:
    """What the server said, for whoever looks after the mail."""
    return fault.partition(":")[2].strip()


def meaning(code: int, text: str) -> str:
    """The word for a mail server's answer: 4xx is for now, 5xx for ever (RFC 5321, 4.2.1; enhanced codes: RFC 3463)."""
    if code < 500:
        return "later"
    if "5.2.2" in text or code == 552:
        return "full"
    if "5.7." in text or code in {521, 554, 556}:
        return "unwanted"
    return "unknown" if "5.1." in text or code in {550, 551, 553} else "refused"


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


@_writes(Kind.REOPENED)
def _reopened(facts: Facts, _: Mapping[str, str]) -> Letter:
    paragraphs = [
        Message("Two organisers have given one of your score sheets back to you: “{title}”.", title=facts["round"]),
        Message("The round is locked otherwise. Look through the sheet and hand it in again: the result waits for it."),
    ]
    return Message("a score sheet to hand in again"), paragraphs, Message("Open the sheet"), facts["path"]


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
