"""Addresses as QR codes, for paper and for the screen in a hall."""

from markupsafe import Markup


def qr(address: str) -> Markup:
    """A QR code as SVG, dark on light in every theme."""
    import segno  # late: only a few pages need it

    drawn = segno.make(address, error="m", micro=False)
    return Markup(drawn.svg_inline(scale=4, border=4, light="#fff", dark="#000", omitsize=True))  # noqa: S704  (drawn by segno)
