"""In which language and time zone the current context speaks, and the catalogues it speaks from. Pure.

English msgids are the texts; the Russian catalogues `locale/ru/<feature>.po` are read once and merged in memory.
Features import these names from `i18n`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("ru", "en")
DEFAULT_LOCALE = "ru"
MOSCOW = "Europe/Moscow"
CATALOGUES = Path(__file__).resolve().parent.parent / "locale"

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_zone: ContextVar[str] = ContextVar("zone", default=MOSCOW)


def locale() -> str:
    """Locale of the current context, "ru" or "en"."""
    return _locale.get()


def zone() -> str:
    """IANA name of the time zone of the current context."""
    return _zone.get()


def use(locale: str, zone: str) -> None:
    """Speak to the current context in this locale and zone; what we do not know becomes Russian and Moscow."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    _zone.set(zone if known_zone(zone) else MOSCOW)


@contextmanager
def speaking(locale: str, zone: str) -> Iterator[None]:
    """Like `use`, for the length of a `with` block: a letter is written in its reader's language."""
    before = _locale.get(), _zone.get()
    use(locale, zone)
    try:
        yield
    finally:
        _locale.set(before[0])
        _zone.set(before[1])


@cache
def _lookup(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def known_zone(name: str) -> bool:
    """Whether this is an IANA time zone; safe for anything a person may send."""
    # The length keeps a hostile cookie from filling the cache with long keys.
    return 0 < len(name) <= 40 and _lookup(name) is not None


QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def parse_accept_language(header: str) -> str:
    """The locale a browser prefers by `Accept-Language`; Russian when it asks for neither of ours."""
    wishes: dict[str, float] = {}
    for item in header[:500].split(","):
        tag, _, parameter = item.replace(" ", "").lower().partition(";")
        quality = QUALITY.fullmatch(parameter)
        if parameter and not quality:
            continue
        wishes.setdefault(tag.partition("-")[0], float(quality[1]) if quality else 1.0)
    # `max` keeps the first of equals, and a dict keeps the order in which the browser named them.
    best = max((tag for tag in wishes if tag in LOCALES), key=wishes.__getitem__, default=DEFAULT_LOCALE)
    return best if wishes.get(best, 0) > 0 else DEFAULT_LOCALE


def merge(folder: Path) -> tuple[Catalog, list[str]]:
    """All catalogues of a folder as one, and a line for each msgid that two files translate differently."""
    merged, conflicts = Catalog(locale=folder.name), []
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=folder.name, abort_invalid=True)
        for message in catalogue:
            earlier = merged.get(message.id, message.context) if message.id else None
            if earlier is None and message.id:
                merged.add(message.id, message.string, context=message.context, flags=message.flags)
            elif earlier and (earlier.id, earlier.string) != (message.id, message.string):
                conflicts.append(f"{path.name}: {message.id!r} is translated differently in an earlier file")
    return merged, conflicts


@cache
def translations(locale: str) -> NullTranslations:
    """The catalogue of a locale, read at the first call; English is the msgids themselves."""
    if locale == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, merge(CATALOGUES / locale)[0])
    compiled.seek(0)
    return GNUTranslations(compiled)


def N_(message: str) -> str:  # noqa: N802  (gettext's own name)
    """Mark a constant for translation; it is translated later, by `gettext` or `Message`."""
    return message


def gettext(message: str) -> str:
    """The translation in the current locale."""
    return translations(_locale.get()).gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The plural form for `n` in the current locale; placeholders are left to the caller."""
    return translations(_locale.get()).ngettext(one, many, n)


def pgettext(context: str, message: str) -> str:
    """The translation of a message that means different things in different places."""
    return translations(_locale.get()).pgettext(context, message)


def npgettext(context: str, one: str, many: str, n: int) -> str:
    """`ngettext` within a context."""
    return translations(_locale.get()).npgettext(context, one, many, n)
