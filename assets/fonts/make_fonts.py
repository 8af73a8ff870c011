"""Make the bundled fonts: Inter cut to the characters of the interface, JetBrains Mono for the texts that models write,
and the icons cut from Material Design Icons.

Usage, with fontTools installed:
``python make_fonts.py FOLDER_WITH_INTER_OTF MATERIALDESIGNICONS.ttf CHARMAP.json JetBrainsMono-Regular.ttf``.
The sources are the Debian packages fonts-inter and fonts-jetbrains-mono and the font inside the QtAwesome wheel. Writes
the fonts beside this script and ``icons.json``, which maps the plain names below to code points.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
WEIGHTS = ("Regular", "Medium", "SemiBold", "Bold")
RANGES = ((0x20, 0x17F), (0x2B0, 0x36F), (0x370, 0x3FF), (0x1E00, 0x1EFF), (0x2010, 0x206F), (0x2070, 0x209F))
RANGES += ((0x20A0, 0x20BF), (0x2100, 0x22FF), (0x2300, 0x23FF), (0x25A0, 0x25FF))
TEXTS = (*RANGES[:4], (0x400, 0x45F), *RANGES[4:5], (0x20A0, 0x20BF), (0xFFFD, 0xFFFD))  # what a text may hold
FEATURES = ("kern", "mark", "mkmk", "ccmp", "tnum", "calt", "case")
MONO = ("mark", "mkmk", "ccmp")  # no ligatures: every character stands for itself

ICONS = {
    "play": "play",
    "pause": "pause",
    "step": "step-forward",
    "restart": "restart",
    "stop": "stop",
    "undo": "undo",
    "redo": "redo",
    "dice": "dice-5-outline",
    "lock": "lock-outline",
    "unlock": "lock-open-variant-outline",
    "plus": "plus",
    "export": "export-variant",
    "copy": "content-copy",
    "save": "content-save-outline",
    "open": "folder-open-outline",
    "close": "close",
    "help": "help-circle-outline",
    "settings": "cog-outline",
    "samples": "view-grid-outline",
    "latent": "axis-arrow",
    "unfold": "animation-play-outline",
    "guidance": "compass-outline",
    "modes": "chart-bubble",
    "gan": "chart-bubble",
    "density": "waves",
    "evaluate": "scale-balance",
    "compare": "compare-horizontal",
    "grid": "grid",
    "image": "image-outline",
    "image-plus": "image-plus",
    "film": "filmstrip",
    "csv": "download",
    "eye": "eye-outline",
    "eye-off": "eye-off-outline",
    "delete": "trash-can-outline",
    "rename": "pencil-outline",
    "duplicate": "content-duplicate",
    "fork": "source-branch",
    "refresh": "refresh",
    "path": "vector-polyline",
    "clear": "backspace-outline",
    "info": "information-outline",
    "warn": "alert-outline",
    "check": "check",
    "zoom": "magnify-plus-outline",
    "code": "code-tags",
    "folder": "folder-outline",
    "download": "download",
    "chevron-down": "chevron-down",
    "chevron-up": "chevron-up",
    "chevron-left": "chevron-left",
    "chevron-right": "chevron-right",
    "first": "skip-previous",
    "back": "step-backward",
    "last": "skip-next",
    "more": "dots-horizontal",
    "pin": "pin-outline",
    "pinned": "pin",
    "curves": "chart-line",
    "data": "database-outline",
    "loop": "repeat",
    "search": "magnify",
    "minus": "minus",
    "target": "target",
    "plane": "chart-scatter-plot",
    "cancel": "close-circle-outline",
    "theme": "theme-light-dark",
    "keyboard": "keyboard-outline",
    "timer": "timer-outline",
    "swap": "swap-horizontal",
    "rewind": "rewind",
    "slow": "tortoise",
    "painting": "brush",
}


def main(inter: Path, icons: Path, charmap: Path, mono: Path) -> None:
    """Write the four cuts of Inter, JetBrains Mono, the icon font and its table of names."""
    characters = [c for low, high in RANGES for c in range(low, high + 1)]
    cut(mono, HERE / mono.name, [c for low, high in TEXTS for c in range(low, high + 1)], features=MONO)
    for weight in WEIGHTS:
        cut(inter / f"Inter-{weight}.otf", HERE / f"Inter-{weight}.otf", characters)
    known = json.loads(charmap.read_text())
    points = {name: int(known[source], 16) for name, source in ICONS.items()}
    cut(icons, HERE / "genplay-icons.ttf", sorted(set(points.values())), family="Genplay Icons")
    (HERE / "icons.json").write_text(json.dumps({n: f"{p:x}" for n, p in points.items()}, indent=1) + "\n")


def cut(
    source: Path, target: Path, characters: list[int], family: str = "", features: tuple[str, ...] = FEATURES
) -> None:
    """Keep only ``characters`` and ``features`` of a font, and rename it if ``family`` is given."""
    font = TTFont(source)
    options = subset.Options(layout_features=list(features), hinting=False)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    for record in font["name"].names if family else []:
        if record.nameID in (1, 4, 6, 16):
            record.string = family.replace(" ", "") if record.nameID == 6 else family
    font["head"].modified = font["head"].created
    font.save(target)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:5]))
