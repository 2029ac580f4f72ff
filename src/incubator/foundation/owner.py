"""Whose installation this is, as every page and letter says it: the same for everybody, so each process keeps it."""

from dataclasses import dataclass

from incubator.foundation.i18n import MOSCOW, locale


@dataclass(frozen=True, slots=True)
class Owner:
    """The organisation that runs the installation; all empty while nobody has said. `operator` keeps personal data."""

    name_ru: str = ""
    name_en: str = ""
    help_contact: str = ""
    operator: str = ""
    time_zone: str = MOSCOW

    @property
    def name(self) -> str:
        """Its name in the language of the reader, else in the other one."""
        names = (self.name_en, self.name_ru) if locale() == "en" else (self.name_ru, self.name_en)
        return names[0] or names[1]


_owner = Owner()


def owner() -> Owner:
    """The organisation as this process knows it."""
    return _owner


def become(known: Owner) -> bool:
    """Keep what the database says; whether that is news."""
    global _owner  # one for the process, like its pool
    news, _owner = known != _owner, known
    return news
