"""What has happened to people's own data in each state of the world."""

import cast
from incubator.people import accounts, consents
from incubator.people.consent_rules import Kind, Wording
from incubator.people.rights import Role
from rights.world import World, state


@state("asked")
async def _asked(w: World) -> None:
    """Everybody is asked for a consent; one participant has given it."""
    words = Wording(Kind.PERSONAL_DATA, "Согласие", "", "Текст согласия", "", frozenset(Role), required=False)
    w.ids["document"] = await consents.write_document(await w.viewer("platform_admin"), words, 0)
    for who in w.people.values():
        await consents.agree(await cast.viewer(who), w.id("document"), "192.0.2.1")


@state("reset_asked")
async def _reset_asked(w: World) -> None:
    """Somebody has forgotten the password, and a letter with a link went out."""
    who = await w.viewer("leaving")
    w.ids["reset"] = "link-of-a-letter"
    await accounts.offer_reset(who.id, w.ids["reset"], by=who.id, at=who.now)


@state("erasure_asked")
async def _erasure_asked(w: World) -> None:
    """A member of the team asks to be erased; nobody's role of the matrix is his."""
    w.ids["asks"] = w.people["leaving"].id
    await accounts.ask_deletion(await w.viewer("leaving"))


@state("all_ask_erasure")
async def _all_ask_erasure(w: World) -> None:
    """Whoever comes has asked to be erased."""
    for who in w.people.values():
        await accounts.ask_deletion(await cast.viewer(who))
