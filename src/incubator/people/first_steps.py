"""The first steps of a newcomer: a few real tasks, done or not; he may hide them, and find them again on the help page. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from incubator.foundation.i18n import Message
from incubator.people.rights import Viewer


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One task; `done` follows from what there is, nobody ticks it."""

    title: Message
    note: Message
    href: str
    done: bool


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The tasks of one role; `heading` is needed only where somebody has several."""

    heading: Message
    steps: Sequence[FirstStep]


def wanted(viewer: Viewer) -> bool:
    """Whether to find out how far the steps are: not for who has hidden them."""
    return viewer.first_steps != "hidden"


def to_show(viewer: Viewer, found: Sequence[FirstSteps]) -> Sequence[FirstSteps]:
    """Steps that are worth showing: of each role until all are done, or all when the viewer has called them back."""
    if not wanted(viewer):
        return ()
    return [each for each in found if viewer.first_steps == "shown" or not all(step.done for step in each.steps)]
