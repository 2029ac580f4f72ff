"""Small files for the demo's work, made here: a table, a picture, an empty page of a presentation. All invented."""

import struct
import zlib
from typing import Final

from incubator.demo import script

Paper = tuple[str, bytes, str]

WIDTH: Final = 480  # pixels
HEIGHT: Final = 300
BACK: Final = b"\xff\xff\xff"
BAR: Final = b"\x1f\x5f\x8b"
SHARES: Final = (0.95, 0.9, 0.82, 0.77, 0.7, 0.66)  # of the height, year by year


def papers(number: int) -> dict[str, list[Paper]]:
    """(name, content, what is in it) for the optional fields for files, by the field's key; none for most teams."""
    if number % 3:
        return {}
    return {
        "data_file": [("Население по годам.csv", table(number), "Выдуманные числа для демонстрации")],
        "calculation": [
            ("Сравнение вариантов.csv", table(number + 5), "Стоимость и срок по каждому варианту, числа выдуманы"),
            ("График.png", picture(), "Как менялось число жителей, рисунок выдуман"),
            ("Смета.pdf", script.PDF, ""),
        ],
    }


def table(number: int) -> bytes:
    """A table as spreadsheets save it, with the mark that tells them its encoding."""
    rows = [f"{2020 + year};{41_000 - number * 310 - year * (420 + number * 7)}" for year in range(6)]
    return "\r\n".join(["Год;Человек", *rows, ""]).encode("utf-8-sig")


def picture() -> bytes:
    """A PNG of six bars that go down."""
    rows = []
    for y in range(HEIGHT):
        row = bytearray(BACK * WIDTH)
        for place, share in enumerate(SHARES):
            if y > HEIGHT * (1 - share):
                left = 20 + place * 75
                row[left * 3 : (left + 50) * 3] = BAR * 50
        rows.append(b"\0" + bytes(row))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
