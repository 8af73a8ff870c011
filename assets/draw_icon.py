"""Draws genplay's icon, a pixel face turning out of noise, as SVG and as PNG in every usual size.

The face is a table of 16 x 16 letters. Noise covers the top left corner and thins out along the diagonal. There is one
flat square a cell, and every size is a whole multiple of 16, so the icon is sharp at all of them.
"""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image

SIZES = (16, 32, 48, 64, 128, 256, 512)
COLOURS = {
    "b": "#1d212a",  # background
    "h": "#d55e00",  # hair
    "s": "#f2c29b",  # skin
    "d": "#d99f74",  # skin in shade
    "w": "#ffffff",  # glasses
    "e": "#0f1115",  # eyes
    "m": "#b5483f",  # mouth
    "c": "#7aa2f7",  # clothes
    ".": "",  # nothing
}
NOISE = ("#56b4e9", "#e69f00", "#cc79a7", "#009e73", "#f0e442", "#d55e00", "#0072b2", "#999999", "#1d212a", "#1d212a")
FACE = """
.bbbbbbbbbbbbbb.
bbbbbbbbbbbbbbbb
bbbbhhhhhhhhbbbb
bbbhhhhhhhhhhbbb
bbhhhhhhhhhhhhbb
bbhhhsssssshhhbb
bbhhsssssssshhbb
bbhsssssssssshbb
bbsswwwsswwwssbb
bbsswewwswewwsbb
bbsswwwsswwwssbb
bbbsssssddsssbbb
bbbssssssssssbbb
bbbbssmmmmssbbbb
bccccdssssdccccb
.cccccddddccccc.
""".split()


def cells() -> list[list[str]]:
    """The colour of each cell, row by row; "" is transparent."""
    chance = random.Random(8)
    return [[_cell(chance, row, column) for column in range(16)] for row in range(16)]


def _cell(chance: random.Random, row: int, column: int) -> str:
    noisy = chance.random() < 1.25 - (row + 1.6 * column) / 17
    colour = chance.choice(NOISE)
    letter = FACE[row][column]
    return colour if noisy and letter != "." else COLOURS[letter]


def svg(rows: list[list[str]]) -> str:
    """The icon as SVG: one rectangle for each run of cells of one colour."""
    marks = []
    for y, row in enumerate(rows):
        x = 0
        while x < 16:
            width = next((n for n in range(1, 16 - x) if row[x + n] != row[x]), 16 - x)
            if row[x]:
                marks.append(f'<rect x="{x}" y="{y}" width="{width}" height="1" fill="{row[x]}"/>')
            x += width
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" shape-rendering="crispEdges">'
    return "\n".join([head, *marks, "</svg>", ""])


def png(rows: list[list[str]], size: int) -> Image.Image:
    """The icon as an RGBA picture of ``size`` x ``size`` pixels, ``size`` being a multiple of 16."""
    image = Image.new("RGBA", (16, 16))
    for y, row in enumerate(rows):
        for x, colour in enumerate(row):
            image.putpixel((x, y), (*bytes.fromhex(colour[1:]), 255) if colour else (0, 0, 0, 0))
    return image.resize((size, size), Image.Resampling.NEAREST)


def main(folder: Path) -> None:
    """Write icon.svg and icons/genplay-SIZE.png below ``folder``."""
    rows = cells()
    (folder / "icon.svg").write_text(svg(rows))
    (folder / "icons").mkdir(exist_ok=True)
    for size in SIZES:
        png(rows, size).save(folder / "icons" / f"genplay-{size}.png", optimize=True)


if __name__ == "__main__":
    main(Path(__file__).resolve().parent)
