"""The QR symbol of a city code as an SVG to print: the address of the code, and below it the code for people."""

from __future__ import annotations

from xml.sax.saxutils import escape

import segno

QUIET = 4  # modules of white around the symbol, as ISO/IEC 18004 asks for
TEXT = 5  # modules for the line below
WIDTH_MM = 40


def symbol(address: str, code: str) -> bytes:
    """An SVG document 40 mm wide. A quarter of the symbol may be lost (level Q), for labels outdoors fade."""
    made = segno.make(address, error="q", micro=False, boost_error=False)
    width, height = made.symbol_size(border=QUIET)
    tall = height + TEXT
    inner = made.svg_inline(border=QUIET, omitsize=True, svgclass=None, lineclass=None)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{WIDTH_MM * tall / width:.2f}mm" '
        f'viewBox="0 0 {width} {tall}"><title>{escape(code)}</title>'
        f'<rect width="{width}" height="{tall}" fill="#fff"/>'
        f'<svg width="{width}" height="{height}">{inner}</svg>'
        f'<text x="{width / 2}" y="{height + 1}" font-family="monospace" font-size="2.6" text-anchor="middle" '
        f'textLength="{width - 2 * QUIET}" lengthAdjust="spacingAndGlyphs">{escape(code)}</text></svg>\n'
    ).encode()
