"""What people type, read as values: each reader gives the value or raises Unreadable with what to do. Pure.

Readers get one raw string that is not blank; `forms` collects their refusals by field.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from incubator.foundation.i18n import Message


class Unreadable(Exception):  # noqa: N818  (an answer to a person, not an error)
    """What was typed can't be read as the value wanted; `reason` says what to type."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


# --- Text -------------------------------------------------------------------------------------------------------------

SPACES = "".join(chr(c) for c in range(0x3001) if unicodedata.category(chr(c)) == "Zs")
# The last five of these come with text pasted from word processors.
BLANK = SPACES + "\t\n\r\v\f\x85\u2028\u2029"
LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
BIDI = "\u202a-\u202e\u2066-\u2069"
# Letters, marks and symbols that show nothing although Unicode does not call them format characters.
FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
HIDDEN_FILLER = re.compile(f"[{FILLERS}]")
UNSAFE_IN_TEXT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI}\ud800-\udfff\ufffe\uffff]")
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MOST_MARKS = 4  # combining marks in a row; the scripts of Russia need one, Hebrew three
MARKS_MAYBE = re.compile(rf"[^\w\s]{{{MOST_MARKS + 1},}}")
CONTEXT = 12  # characters shown before an invisible one, so that it can be found


def tidy(raw: str) -> str:
    """Normal form C without blanks at the ends; lines end with a line feed."""
    # Before normalising: CPython sorts a run of marks in quadratic time.
    for run in MARKS_MAYBE.findall(raw):
        if any(is_mark and len(list(marks)) > MOST_MARKS for is_mark, marks in groupby(run, _is_mark)):
            raise Unreadable(Message("One letter has more than {most} marks above or below it.", most=MOST_MARKS))
    return unicodedata.normalize("NFC", LINE_ENDS.sub("\n", raw)).strip(BLANK)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def line(raw: str, limit: int) -> str:
    """One line of at most `limit` characters; runs of spaces become one, invisible characters are refused.

    A tab is a space too: it comes with two cells of a spreadsheet.
    """
    text = tidy(raw).replace("\t", " ")
    for position, character in enumerate(text):
        if unicodedata.category(character) in INVISIBLE_CATEGORIES or HIDDEN_FILLER.match(character):
            raise _invisible(text, position)
    return _measured(re.sub(f"[{SPACES}]+", " ", text), limit)


def lines(raw: str, limit: int) -> str:
    """Text of several lines; tabs and line ends stay, other control characters and turned writing are refused."""
    text = tidy(raw)
    if found := UNSAFE_IN_TEXT.search(text):
        raise _invisible(text, found.start())
    return _measured(text, limit)


def name(raw: str, limit: int) -> str:
    """A line in which no word mixes Latin and Cyrillic letters, so that no two names look alike and differ."""
    text = line(raw, limit)
    for word in re.findall(r"[^\W\d_]+", text):
        if mixes_alphabets(word):
            raise Unreadable(Message("“{word}” mixes Latin and Cyrillic letters. Type the word again.", word=word))
    return text


def mixes_alphabets(word: str) -> bool:
    """Whether a word has letters of both the Latin and the Cyrillic alphabet."""
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    return {"LATIN", "CYRILLIC"} <= scripts


def _invisible(text: str, position: int) -> Unreadable:
    before = "".join(c for c in text[max(0, position - CONTEXT) : position] if c.isprintable())
    if not before:
        return Unreadable(Message("There is an invisible character at the start. Delete the text and type it by hand."))
    return Unreadable(
        Message("There is an invisible character after “{before}”. Type this place by hand.", before=before)
    )


def _measured(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Unreadable(
            Message.count(
                "Write at most {limit} characters: {n} character is too many.",
                "Write at most {limit} characters: {n} characters are too many.",
                len(text) - limit,
                limit=Decimal(limit),
            )
        )
    return text


# --- Addresses and keys -----------------------------------------------------------------------------------------------

LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
UUID_FORM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOT_AN_EMAIL = Message("Write the address in full, like name@example.org.")
NOT_A_LINK = Message("Write the address in full, beginning with https://.")
UNKNOWN_CHOICE = Message("Choose one of the answers offered.")


def email(raw: str) -> str:
    """An address in lower case; the part before @ in Latin letters, the domain possibly in Cyrillic."""
    text = line(raw, 254)
    local, at, domain = text.rpartition("@")
    if foreign := re.search(r"[^\x00-\x7f]", local):
        raise Unreadable(Message("Type “{letter}” before @ in Latin letters.", letter=foreign[0]))
    if not at or len(local) > 64 or not LOCAL_PART.fullmatch(local) or not _is_domain(domain):
        raise Unreadable(NOT_AN_EMAIL)
    return text.lower()


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or "_" in domain:
        return False
    return all(LABEL.fullmatch(label) and not mixes_alphabets(label) for label in labels)


def url(raw: str, limit: int) -> str:
    """A web address with http or https, a host with a dot, and no user name or password in it."""
    text = line(raw, limit)
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and _is_domain(parts.hostname or "") and parts.port != 0
    except ValueError:  # a bad port or IPv6 host
        good = False
    if not good or "@" in parts.netloc or re.search(r"[\s\\<>\"]", text):
        raise Unreadable(NOT_A_LINK)
    return text


def uuid(raw: str) -> UUID:
    """A key in its canonical spelling; what else `UUID` accepts (braces, no hyphens) is refused."""
    if not UUID_FORM.fullmatch(raw):
        raise Unreadable(UNKNOWN_CHOICE)
    return UUID(raw)


# --- Numbers ----------------------------------------------------------------------------------------------------------

GROUP = "[ \u00a0\u202f]"  # the last comes with numbers copied from spreadsheets and browsers
NUMBER = re.compile(rf"([-\u2212]?)([0-9]{{1,3}}(?:{GROUP}[0-9]{{3}})+|[0-9]+)(?:[.,]([0-9]+))?")
LONGEST_NUMBER = 40  # characters; keeps int() and Decimal() from long work


def decimal(raw: str, low: Decimal, high: Decimal, places: int) -> Decimal:
    """An exact number written «7,5» or «7.5», thousands apart by spaces, with at most `places` decimals."""
    text = raw.strip(BLANK)
    found = NUMBER.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    if not found:
        raise Unreadable(_number_wanted(places))
    sign, whole, fraction = found[1], re.sub(GROUP, "", found[2]), (found[3] or "").rstrip("0")
    if len(fraction) > places:
        raise Unreadable(_number_wanted(places))
    value = Decimal(f"{'-' if sign else ''}{whole}{'.' if fraction else ''}{fraction}")
    if value.is_zero() and sign:
        raise Unreadable(_number_wanted(places))
    if not low <= value <= high:
        raise Unreadable(Message("Enter a number from {low} to {high}.", low=Decimal(low), high=Decimal(high)))
    return value


def _number_wanted(places: int) -> Message:
    if not places:
        return Message("Enter a whole number in digits, like {example}.", example="12")
    return Message.count(
        "Enter a number with at most {n} decimal place, like {example}.",
        "Enter a number with at most {n} decimal places, like {example}.",
        places,
        example=Decimal("7.5"),
    )


def integer(raw: str, low: int, high: int) -> int:
    """A whole number in ASCII digits, thousands apart by spaces."""
    return int(decimal(raw, Decimal(low), Decimal(high), 0))


def thousandths(raw: str, low: int, high: int, step: int) -> int:
    """A mark in thousandths of a point, from `low` to `high` in steps of `step`, all in thousandths."""
    value = int(decimal(raw, Decimal(low).scaleb(-3), Decimal(high).scaleb(-3), 3).scaleb(3))
    if (value - low) % step:
        raise Unreadable(
            Message(
                "Enter a number from {low} to {high} in steps of {step}.",
                low=Decimal(low).scaleb(-3),
                high=Decimal(high).scaleb(-3),
                step=Decimal(step).scaleb(-3),
            )
        )
    return value


# --- Time -------------------------------------------------------------------------------------------------------------

ISO_DATE = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
RUSSIAN_DATE = r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})"
CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::00(?:\.0{1,3})?)?"
DATES = tuple(re.compile(form) for form in (ISO_DATE, RUSSIAN_DATE))
MOMENTS = tuple(re.compile(f"{form}(?:T|,? +){CLOCK}") for form in (ISO_DATE, RUSSIAN_DATE))
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)


def day(raw: str, low: date, high: date) -> date:
    """A date as browsers send it (2026-03-14) or people write it (14.03.2026)."""
    try:
        value = date(**_parts(DATES, raw))
    except ValueError:
        raise Unreadable(Message("Enter a day of the calendar, like 14.03.2026.")) from None
    return _within(value, low, high)


def local_moment(raw: str, zone: str) -> datetime:
    """A clock time in `zone` (2026-03-14T18:00 or 14.03.2026 18:00) as an instant in UTC.

    When the clocks are put back it is the earlier of the two instants.
    """
    try:
        local = datetime(**_parts(MOMENTS, raw), tzinfo=ZoneInfo(zone))
    except ValueError:
        raise Unreadable(Message("Enter day and time, like 14.03.2026 18:00.")) from None
    _within(local.date(), EARLIEST, LATEST)
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Unreadable(Message("The clocks are put forward at this time. Choose a time an hour earlier or later."))
    return instant


def _parts(forms: tuple[re.Pattern[str], ...], raw: str) -> dict[str, int]:
    for form in forms:
        if found := form.fullmatch(raw.strip(BLANK)):
            return {part: int(digits) for part, digits in found.groupdict().items()}
    raise ValueError


def _within(value: date, low: date, high: date) -> date:
    if not low <= value <= high:
        raise Unreadable(Message("Enter a day from {low} to {high}.", low=low, high=high))
    return value
