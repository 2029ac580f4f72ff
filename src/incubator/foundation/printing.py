"""Documents beside the event loop: each is made by a process of its own that ends by itself, a few at a time."""

import asyncio
import base64
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from incubator.foundation.i18n import N_, Message
from incubator.foundation.refusals import Refused
from incubator.settings import PACKAGE, asset_folder

PRESS: Final = PACKAGE / "foundation" / "press.py"
FONTS: Final = str(PACKAGE / "foundation" / "fonts")
PATIENCE: Final = 90.0  # seconds for one document, waiting for a free press included
AT_ONCE: Final = 2
LONGEST_ORDER: Final = 32 * 1024 * 1024  # bytes
PDF: Final = "application/pdf"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TOO_LONG: Final = Message("This document could not be made in time. It may be too long; try again, or in parts.")
WRONG: Final = {
    "placeholder": N_("There is nothing called “{words}”. Look up the names in the shipped template."),
    "syntax": N_("A placeholder of the template can't be read: {words}"),
    "unreadable": N_("The template can't be read. Save it again in Word and choose it once more."),
}
_presses: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


async def pdf(template: str, data: Mapping[str, Any], at: datetime) -> bytes:
    """A PDF of one of `templates/paper`: the same data at the same moment give the same bytes. Raises Refused."""
    order = {"kind": "pdf", "templates": str(Path(asset_folder("templates"), "paper")), "template": template,
             "fonts": FONTS, "data": data, "timestamp": int(at.timestamp())}  # fmt: skip
    return await _made(order)


async def docx(template: bytes, data: Mapping[str, Any]) -> bytes:
    """A Word template filled with the data. Raises Refused, which names a placeholder that there is not."""
    return await _made({"kind": "docx", "template": base64.b64encode(template).decode(), "data": data})


async def _made(order: Mapping[str, Any]) -> bytes:
    sent = json.dumps(order, ensure_ascii=False).encode()
    if len(sent) > LONGEST_ORDER:
        raise Refused(TOO_LONG)
    press = _presses.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout(PATIENCE), press:
            answer = await _asked(sent)
    except TimeoutError:
        raise Refused(TOO_LONG) from None
    if answer[:1] == b"+":
        return answer[1:]
    kind, words = json.loads(answer[1:])
    raise Refused(Message(WRONG[kind], words=words[:200]) if kind in WRONG else TOO_LONG)


async def _asked(order: bytes) -> bytes:
    # -I: nothing of the environment and of the working folder; the site's secrets stay here.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(PRESS), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={},
    )  # fmt: skip
    try:
        answer = (await process.communicate(order))[0]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode and process.returncode > 0:
        raise RuntimeError("the press broke down; what it said stands above")
    return answer if not process.returncode else ENDED


ENDED: Final = b'-["limits", ""]'
"""What stands for the answer of a process that was ended by one of its limits."""
