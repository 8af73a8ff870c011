"""The sentence that explains the canvas: each bold word shows or hides its layer."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QColor

from genplay.ui import theme
from genplay.ui.gan.session import GanSession
from genplay.ui.views import game_colours as colours
from genplay.ui.views.sentence import Sentence

WORDS = {
    "field": "discriminator",
    "real": "real samples",
    "generated": "generated samples",
    "gradients": "gradients",
    "modes": "missed modes",
    "lattice": "latent grid",
    "ghosts": "steps ahead",
}
HELP = {
    "field": "What D says of every place of the plane: blue for real, red for generated; it cannot tell on the line",
    "real": "Points of the data set",
    "generated": "Points that G makes of random codes",
    "gradients": "Where D pushes each generated point: the gradient of its score",
    "modes": "Circles of three standard deviations: solid green where samples are, dashed red where none are",
    "lattice": "Straight lines of latent space, as G bends them",
    "ghosts": "The line on which D will not be able to tell after so many more steps of its own",
}
PIECES: tuple[str | tuple[str, str], ...] = (
    "The",
    ("field", WORDS["field"]),
    " scores the plane,",
    ("real", WORDS["real"]),
    " pull,",
    ("generated", WORDS["generated"]),
    " follow its",
    ("gradients", WORDS["gradients"]),
    "; dashed circles are",
    ("modes", WORDS["modes"]),
    "; bent lines the",
    ("lattice", WORDS["lattice"]),
    ", dotted ones D",
    ("ghosts", "5 steps ahead"),
    ". Click a bold word to hide or show its layer.",
)


class Legend(Sentence):
    """Follows the session's layers."""

    def __init__(self, session: GanSession) -> None:
        super().__init__(PIECES, {name: partial(tint, name) for name in WORDS}, dim_from="Click")
        self.session = session
        self.toggled.connect(lambda name: session.toggle(name, WORDS[name]))
        session.changed.connect(lambda _: self.follow())
        self.follow()

    def follow(self) -> None:
        """Strike out what is hidden."""
        state = self.session.state
        for name, button in self.buttons.items():
            on = state.shows(name)
            self.set_on(name, on)
            verb = "Hide" if on else "Show"
            button.setToolTip(f"{HELP[name]}\n{verb} it by a click or Enter")
            button.setAccessibleName(f"{verb} the {button.text()}")
        steps = "1 step" if state.ahead == 1 else f"{state.ahead} steps"
        self.set_words("ghosts", f"{steps} ahead")


def tint(layer: str) -> QColor:
    """The colour of a layer's words, such that they can be read."""
    plain = {"field": theme.colour("accent"), "gradients": theme.colour("text"), "modes": theme.colour("bad")}
    own = {"real": colours.REAL, "generated": colours.GENERATED, "lattice": "#c7a05a", "ghosts": colours.GHOST}
    return plain.get(layer) or colours.legible(own[layer], theme.colour("background"))
