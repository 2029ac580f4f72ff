"""Certificates on paper: one of them, and a hundred in one document as an organiser prints them."""

import time
import uuid

from bench.data import NOW
from bench.limits import Figure
from incubator.foundation import printing
from incubator.jury.minutes.certificates import Issued, sheets
from incubator.jury.minutes.rules import CertificateKind

MANY = 100


def _issued(number: int) -> Issued:
    kind, place = (CertificateKind.PARTICIPANT, None) if number else (CertificateKind.PLACE, 1)
    return Issued(
        uuid.UUID(int=number), f"measured{number:016}", kind, f"Измеренная Участница {number}", f"Команда {number}", place,
        "", "Школа муниципальных команд", "Нагрузочный поток", "Europe/Moscow", NOW, None, "",
    )  # fmt: skip


async def certificates() -> list[Figure]:
    """How long one takes and how long a hundred, each with a code and a QR code of its own; the better of two."""
    spent, size = dict.fromkeys((1, MANY), float("inf")), 0
    for count in (1, MANY, 1, MANY):
        began = time.perf_counter()
        made = await printing.pdf("certificates.typ", sheets(map(_issued, range(count))), NOW)
        spent[count], size = min(spent[count], time.perf_counter() - began), len(made)
    return [
        Figure("papers", "a certificate", spent[1], "s", 1),
        Figure("papers", f"{MANY} certificates in one document", spent[MANY], "s", 5),
        Figure("papers", "the document of all of them", size / 1000, "KB", 1000),
    ]
