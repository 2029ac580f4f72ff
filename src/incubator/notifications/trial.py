"""A letter to see whether the mail server takes letters, sent at once and kept nowhere."""

import time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from incubator.foundation.i18n import gettext as _
from incubator.foundation.jobs import GivesUp, Waits
from incubator.installation.actions import Unsent
from incubator.notifications import post
from incubator.notifications.rules import fault_details, fault_words
from incubator.settings import settings


async def send_trial(address: str) -> None:
    """Hand a test letter to the mail server of SMTP_URL. Raises Unsent with the fault in words and in the server's."""
    site = settings()
    try:
        to = post.server(site.smtp_url)
        await post.hand_over(to, _letter(address), site.smtp_url)
    except ValueError as fault:
        raise Unsent(fault_words("settings"), str(fault)) from fault
    except (Waits, GivesUp, post.Undelivered) as fault:
        raise Unsent(fault_words(str(fault)), fault_details(str(fault))) from fault


def _letter(address: str) -> EmailMessage:
    site = settings()
    message = EmailMessage(policy=SMTP)
    message["From"] = site.mail_from
    message["To"] = address
    message["Subject"] = _("Incubator: test letter")
    message["Date"] = formatdate(time.time())
    message["Message-ID"] = make_msgid(domain=site.mail_from.rpartition("@")[2])
    message.set_content(_("This letter shows that the installation can send letters.") + f"\n\n{site.public_url}\n")
    return message
