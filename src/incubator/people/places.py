"""What roles are held in: programmes, cohorts and teams, read through the features that own them.

People stand below programmes and teams, so those register here how to read theirs:

    places.register(programme_places)   # async (ids) -> {id: Place} for those ids it knows; one statement
    places.register_programmes(all_programmes)   # async () -> [Place]
    places.register_family(family)   # async (programme id) -> ids of the programme and of its cohorts
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from incubator.foundation.i18n import MOSCOW


@dataclass(frozen=True, slots=True)
class Place:
    """A programme, cohort or team: its name, the programme (and cohort) it belongs to, and its time zone.

    `short` is what a letter's subject begins with: the programme's name.
    """

    id: UUID
    name: str
    programme: UUID
    short: str
    cohort: UUID | None = None
    time_zone: str = MOSCOW


PlaceReader = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, Place]]]
ProgrammeLister = Callable[[], Awaitable[Sequence[Place]]]
FamilyReader = Callable[[UUID], Awaitable[Collection[UUID]]]

READERS: list[PlaceReader] = []
LISTERS: list[ProgrammeLister] = []
FAMILIES: list[FamilyReader] = []


def register(reader: PlaceReader) -> None:
    """Tell how to read a kind of place."""
    if reader not in READERS:
        READERS.append(reader)


def register_programmes(lister: ProgrammeLister) -> None:
    """Tell how to list all programmes."""
    LISTERS[:] = [lister]


def register_family(reader: FamilyReader) -> None:
    """Tell how to find the cohorts of a programme."""
    FAMILIES[:] = [reader]


async def places(ids: Iterable[UUID | None]) -> dict[UUID, Place]:
    """The places of these ids; None and ids that nobody knows are left out."""
    wanted = {each for each in ids if each is not None}
    found: dict[UUID, Place] = {}
    for reader in READERS if wanted else ():
        if missing := wanted - found.keys():
            found |= await reader(missing)
    return found


async def place(id_: UUID | None) -> Place | None:
    """One place, or None."""
    return (await places([id_])).get(id_) if id_ is not None else None


async def programmes() -> Sequence[Place]:
    """All programmes by name."""
    return await LISTERS[0]() if LISTERS else ()


async def family(of: Place | None) -> frozenset[UUID]:
    """Ids of the programme that a place belongs to and of its cohorts."""
    return frozenset(await FAMILIES[0](of.programme)) if of is not None and FAMILIES else frozenset()
