"""Who else writes in a form just now, said quietly. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from incubator.foundation.i18n import Message, ago

HERE: Final = timedelta(minutes=15)  # so long after saving somebody counts as still writing


def here(others: Iterable[tuple[str, datetime]], now: datetime) -> str:
    """«Анна Ветрова пишет здесь, 1 минуту назад» for each of (name, last saved), "" for nobody."""
    recent = sorted((each for each in others if each[1] > now - HERE), key=lambda each: each[1], reverse=True)
    return "; ".join(str(Message("{name} is writing here, {ago}", name=name, ago=ago(at, now))) for name, at in recent)
