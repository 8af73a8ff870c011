"""The command line: the window, and the same engine without one.

Bad input is one line on standard error and exit status 2.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from genplay import __version__
from genplay.contract.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

    from genplay.api import Opened
    from genplay.contract.spec import DataSpec
    from genplay.engine.run import Run

MOVING = {".gif", ".webp", ".apng"}
FROM_DATA = "from-data"
SAMPLES, HELD_OUT = 2000, 256  # that evaluations take, unless told
Command = Callable[[argparse.Namespace], "int | None"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads get in the way of torch's on busy cores
    try:
        parser = COMMANDS[words[0]](words[0]) if words and words[0] in COMMANDS else _window_parser()
        chosen = parser.parse_args(words[1:] if words and words[0] in COMMANDS else words)
        status = int(chosen.command(chosen) or 0)
        print(end="", flush=True)  # a reader who has left is met here, not while Python ends
        return status
    except BadInput as error:
        print(f"genplay: {error}", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of our output has left
        return 0
    except OSError as error:
        print(f"genplay: {error.filename or 'The disk'}: {error.strerror or error}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("genplay: Stopped.", file=sys.stderr)
        return 130
    return 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message[:1].upper()}{message[1:].rstrip('.')}; see {self.prog} --help.")


def _parser(name: str, help: str, command: Command) -> _Parser:
    parser = _Parser(prog=f"genplay {name}".strip(), description=help, allow_abbrev=False)
    parser.set_defaults(command=command)
    return parser


# ---- the window -------------------------------------------------------------------------------------------------


def _window_parser() -> _Parser:
    parser = _parser("", "A desktop playground for generative models. Without a command, the window opens.", _window)
    parser.epilog = f"Commands: {', '.join(COMMANDS)}. Each has its own --help."
    parser.add_argument("files", nargs="*", metavar="FILE", help="checkpoints or pictures made by genplay to open")
    parser.add_argument("--reset", action="store_true", help="start with default settings; the old ones are set aside")
    parser.add_argument("--version", action="version", version=f"genplay {__version__}")
    return parser


def _window(chosen: argparse.Namespace) -> int:
    missing = [name for name in chosen.files if not Path(name).exists()]
    if missing:
        raise BadInput(f"There is no command and no file {missing[0]!r}; see genplay --help.")
    from genplay.app import run

    return run([str(Path(name).resolve()) for name in chosen.files], reset=chosen.reset)


# ---- train ------------------------------------------------------------------------------------------------------


def _train_parser(name: str) -> _Parser:
    parser = _parser(name, "Train a model and write a checkpoint.", _train)
    parser.add_argument("family", help="a model family; see genplay list families")
    parser.add_argument("--data", required=True, help="a data set; see genplay list data")
    parser.add_argument(
        "--data-set", nargs="+", default=[], action="extend", metavar="K=V", help="options of the data set"
    )
    parser.add_argument("--preset", help="a starting point of the family (default: its first one for the data)")
    parser.add_argument("--set", nargs="+", default=[], action="extend", metavar="K=V", help="settings to change")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="training steps")
    length.add_argument("--seconds", type=float, help="training time (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="decides initial weights, order of the data and noise")
    parser.add_argument("--name", help="what the run is called")
    parser.add_argument("--quiet", action="store_true", help="no progress line")
    _add_machine(parser)
    _add_out(parser, "the checkpoint, FILE.safetensors")
    return parser


def _train(chosen: argparse.Namespace) -> None:
    _check_positive(chosen.steps, "--steps")
    _check_positive(chosen.seconds, "--seconds")
    out = _free_path(chosen.out, chosen.overwrite, {".safetensors"})
    run = _new_run(chosen)
    from genplay.core.training import Diverged
    from genplay.engine import headless

    seconds = 60.0 if chosen.steps is None and chosen.seconds is None else chosen.seconds
    try:
        for _ in _with_progress(headless.train(run, chosen.steps, seconds), chosen, seconds):
            pass
    except KeyboardInterrupt:
        print(f"\ngenplay: Stopped at step {run.step:,}.", file=sys.stderr)
    except Diverged as error:
        raise BadInput(f"{error} Nothing was written; try a lower learning_rate or a gradient clip.") from None
    headless.take_preview(run)
    digest = run.save(out)
    print(f"{out}  {run.step:,} steps  {run.seconds:.1f} s  digest {digest}")


def _new_run(chosen: argparse.Namespace) -> Run:
    device = _machine(chosen)
    from genplay import families
    from genplay.contract import knob
    from genplay.core.training import TrainingConfig
    from genplay.engine.run import Run, default_name

    family = families.named(chosen.family)
    config, training = _preset(family, chosen.preset, _kind(chosen.data))
    own = {k.name: k for k in knob.knobs(TrainingConfig)}
    theirs = {k.name: k for k in knob.knobs(family.Config)}
    for name, text in _pairs(chosen.set).items():
        if name not in own and name not in theirs:
            raise BadInput(f"The {family.title} has no setting {name!r}; known: {', '.join([*theirs, *own])}.")
        (training if name in own else config)[name] = (own.get(name) or theirs[name]).parse(text)
    run = Run.create(
        "command-line",
        chosen.name or "",
        chosen.family,
        chosen.data,
        data_options=_data_options(chosen.data, _pairs(chosen.data_set)),
        config=config,
        training=training,
        seed=chosen.seed,
        device=device,
    )
    run.name = run.name or default_name(family, run.data_title)
    return run


def _kind(data_name: str) -> Any:
    """The kind of data that a source gives, as far as it is known before loading."""
    from genplay import data
    from genplay.contract.spec import Kind

    spec = data.source(data_name).spec
    return spec.kind if spec else Kind.IMAGE


def _preset(family: Any, name: str | None, kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a preset; without a name, of the first one meant for this kind of data, as in the window."""
    known = {preset.name: preset for preset in family.presets}
    if name is None:
        name = next((p.name for p in family.presets if not p.kinds or kind in p.kinds), "none")
    if name == "none":
        return {}, {}
    if name not in known:
        raise BadInput(f"The {family.title} has no preset {name!r}; known: {', '.join(['none', *known])}.")
    return dict(known[name].config), dict(known[name].training)


def _data_options(name: str, texts: dict[str, str]) -> dict[str, Any]:
    from genplay import data
    from genplay.contract import knob

    return knob.values(knob.parse(data.source(name).Options, texts)) if texts else {}


def _with_progress(runs: Iterable[Run], chosen: argparse.Namespace, seconds: float | None) -> Iterable[Run]:
    """The runs, with a line on standard error that is rewritten twice a second."""
    last = 0.0
    for run in runs:
        if not chosen.quiet and run.seconds - last >= 0.5:
            last = run.seconds
            share = run.step / chosen.steps if chosen.steps else run.seconds / (seconds or 1)
            loss = next((f"{n} {v:.4g}" for n, v in run.terms.items() if n.startswith("loss")), "")
            left = run.seconds * (1 - share) / max(share, 1e-9)
            text = f"step {run.step:,}  {loss}  {run.step / run.seconds:.1f} steps/s  {left:.0f} s left"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        yield run
    if last:
        print("\r\033[K", end="", file=sys.stderr)


# ---- sample and reconstruct -------------------------------------------------------------------------------------


def _sample_parser(name: str) -> _Parser:
    parser = _parser(name, "Draw samples from a checkpoint.", _sample)
    parser.add_argument("checkpoint", help="a file, or the name of a shipped checkpoint")
    parser.add_argument("-n", type=int, default=64, help="how many samples (default 64)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--condition", nargs="+", default=[], action="extend", metavar="ATTRIBUTE=VALUE",
        help="what to ask for; from-data: for each sample what an example of the training data is (.npz, .png, .txt)",
    )  # fmt: skip
    for option, help in (("guidance", "guidance scale"), ("sampler", "sampling method"), ("steps", "sampler steps")):
        parser.add_argument(f"--{option}", help=f"{help}, where the family has it")
    parser.add_argument(
        "--set", nargs="+", default=[], action="extend", metavar="K=V", help="other settings of the sampler"
    )
    parser.add_argument("--start", metavar="PICTURE", help="a picture to begin with, noised to --start-time")
    parser.add_argument("--start-time", type=float, default=0.6, metavar="T", help="0 is data, 1 noise (default 0.6)")
    parser.add_argument("--scale", type=int, help="pixels a pixel in pictures (default 4, of texts 1)")
    parser.add_argument("--columns", type=int, default=0, help="width of the grid (default about a square)")
    _add_machine(parser)
    _add_out(parser, ".npz for arrays, .png for a grid, .gif, .webp or .apng for the trajectory, .txt for texts")
    return parser


def _sample(chosen: argparse.Namespace) -> None:
    _check_positive(chosen.n, "-n")
    as_data = FROM_DATA in chosen.condition
    out = _free_path(chosen.out, chosen.overwrite, {".npz", ".png", ".txt", *(() if as_data else MOVING)})
    opened = _opened(chosen)
    _check_can_show(opened.card.spec, out)
    if chosen.scale is None:
        chosen.scale = 1 if opened.card.spec.kind == "tokens" else 4
    config = _sample_config(opened, chosen)
    if as_data:
        _sample_as_labelled(opened, config, out, chosen)
    else:
        from genplay import api

        question = _sampling_question(opened, config, out, chosen)
        _write(opened, question, api.ask(opened, question), out, chosen)
    print(f"{out}  {chosen.n} samples  seed {chosen.seed}")


def _check_can_show(spec: DataSpec, out: Path) -> None:
    """Refuse a file that cannot hold such data before it is drawn."""
    if spec.kind != "tokens" and out.suffix == ".txt":
        raise BadInput(f"{out.name}: this model makes {spec.kind.plural}, and .txt holds texts.")


def _sample_config(opened: Opened, chosen: argparse.Namespace) -> dict[str, Any]:
    from genplay.contract import knob

    texts = _pairs(chosen.set)
    texts |= {n: v for n in ("guidance", "sampler", "steps") if (v := getattr(chosen, n)) is not None}
    try:
        return knob.values(knob.parse(opened.model.SampleConfig, texts)) if texts else {}
    except BadInput as error:
        raise BadInput(f"Sampling from this {opened.model.title}: {error}") from None


def _sampling_question(opened: Opened, config: dict[str, Any], out: Path, chosen: argparse.Namespace) -> Any:
    from genplay import api

    facts: dict[str, Any] = {"n": chosen.n, "config": config, "seed": chosen.seed}
    facts["condition"] = opened.card.spec.labels(_pairs(chosen.condition)) if chosen.condition else ()
    if chosen.start is None:
        return (api.Trajectory if out.suffix in MOVING else api.DrawSamples)(**facts)
    if not 0 < chosen.start_time <= 1:
        raise BadInput(f"--start-time must be more than 0 and at most 1, not {chosen.start_time:g}.")
    return api.Trajectory(**facts, start=chosen.start_time, source=_picture(chosen.start, opened.card.spec)[None])


def _picture(name: str, spec: DataSpec) -> np.ndarray:
    """A picture file as the model takes it, (H, W, C) uint8; raises ``BadInput``."""
    from genplay.data import folder

    if spec.kind != "image":
        raise BadInput(f"--start takes a picture, and this model makes {spec.kind.plural}.")
    channels, height, _ = spec.shape
    try:
        return folder.read(Path(name), height, channels == 1).transpose(1, 2, 0)
    except folder.DAMAGED:
        raise BadInput(f"{name} cannot be read as a picture.") from None


def _sample_as_labelled(opened: Opened, config: dict[str, Any], out: Path, chosen: argparse.Namespace) -> None:
    """Samples with the labels of training examples. No recipe can tell these, so the file says how it was made."""
    if chosen.condition != [FROM_DATA] or chosen.start is not None:
        raise BadInput(f"--condition {FROM_DATA} goes with no other condition and no --start.")
    from genplay import export
    from genplay.contract import atomic
    from genplay.engine.as_labelled import draw_as_labelled
    from genplay.export.options import checked

    answer = draw_as_labelled(opened.model, opened.data, chosen.n, config, chosen.seed)
    facts = {"digest": opened.digest, "condition": FROM_DATA, "n": chosen.n, "seed": chosen.seed, "config": config}
    options: dict[str, Any] = {"format": "npz", "arrays": export.named_arrays(answer)}
    if out.suffix == ".png":
        options = {"format": "png", "scale": chosen.scale, "columns": chosen.columns}
    elif out.suffix == ".txt":
        options = {"format": "txt"}
    options["vocabulary"] = opened.card.spec.vocabulary
    atomic.write(out, export.encode_with(json.dumps(facts, sort_keys=True), answer.x, checked(options)))


def _write(opened: Opened, question: Any, answer: Any, out: Path, chosen: argparse.Namespace) -> None:
    from genplay import api

    if out.suffix == ".npz":
        options: dict[str, Any] = {"format": "npz", "what": "arrays"}
    elif out.suffix == ".txt":
        options = {"format": "txt", "what": "text"}
    else:
        options = {"scale": chosen.scale, "columns": chosen.columns}
        options["what"] = "animation" if out.suffix in MOVING else "grid"
    api.save(opened, question, answer, out, options, overwrite=True)


def _reconstruct_parser(name: str) -> _Parser:
    parser = _parser(name, "Encode and decode the held-out pictures of a data set, in order.", _reconstruct)
    parser.add_argument("checkpoint", help="a file, or the name of a shipped checkpoint")
    parser.add_argument("--data", required=True, help="a data set of the model's kind and shape")
    parser.add_argument(
        "--data-set", nargs="+", default=[], action="extend", metavar="K=V", help="options of the data set"
    )
    _add_machine(parser)
    _add_out(parser, "FILE.npz with images and reconstructions")
    return parser


def _reconstruct(chosen: argparse.Namespace) -> None:
    out = _free_path(chosen.out, chosen.overwrite, {".npz"})
    opened = _opened(chosen)
    from genplay import data
    from genplay.contract import atomic
    from genplay.engine.reconstruction import reconstruct
    from genplay.export import arrays

    dataset = data.load(chosen.data, _data_options(chosen.data, _pairs(chosen.data_set)))
    found = reconstruct(opened.model, dataset)
    atomic.write(out, arrays.encode(found, json.dumps({"digest": opened.digest, "data": chosen.data})))
    print(f"{out}  {len(dataset.heldout):,} held-out examples of {dataset.title}")


# ---- evaluate ---------------------------------------------------------------------------------------------------

Found = tuple[list[tuple[str, str]], dict[str, Any]]  # rows to print, and what goes into the JSON file


def _evaluate_parser(name: str) -> _Parser:
    parser = _parser(
        name, "Measure how good a model is. Without a choice of measures: the modes; of texts the other two.", _evaluate
    )
    parser.add_argument("checkpoint", help="a file, or the name of a shipped checkpoint")
    for measure, (help, _) in EVALUATIONS.items():
        parser.add_argument(f"--{measure}", action="store_true", help=help)
    parser.add_argument("-n", type=int, help="how many samples (default 2000), or held-out examples (default 256)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--importance-samples", type=int, default=64, metavar="K", help="for a likelihood that is a bound (default 64)"
    )
    parser.add_argument(
        "--attribute", default="", metavar="NAME", help="whose values are the modes (default: that with most values)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the measures to FILE.json, too")
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    _add_machine(parser)
    return parser


def _evaluate(chosen: argparse.Namespace) -> None:
    _check_positive(chosen.n, "-n")
    out = _free_path(chosen.json, chosen.overwrite, {".json"}, "--json") if chosen.json is not None else None
    opened = _opened(chosen)
    usual = ["novelty", "likelihood"] if opened.card.spec.kind == "tokens" else ["modes"]
    wanted = [name for name in EVALUATIONS if getattr(chosen, name)] or usual
    rows = [("data", f"{opened.card.data_title} ({opened.card.data})")]
    drawn = wanted != ["likelihood"]
    chosen.n = chosen.n or (SAMPLES if drawn else HELD_OUT)
    if drawn:
        rows.append(("samples", f"{chosen.n:,}  seed {chosen.seed}"))
    facts: dict[str, Any] = {"digest": opened.digest, "data": opened.card.data, "n": chosen.n, "seed": chosen.seed}
    for name in wanted:
        more, facts[name] = EVALUATIONS[name][1](opened, chosen)
        rows += more
    _print_table(rows)
    if out is not None:
        from genplay.contract import atomic

        atomic.write(out, json.dumps(facts, indent=1, allow_nan=False).encode())


def _evaluate_modes(opened: Opened, chosen: argparse.Namespace) -> Found:
    if opened.card.spec.kind == "tokens":
        raise BadInput("Texts have no modes that could be counted; choose --novelty or --likelihood.")
    from genplay.core.probe import seeded
    from genplay.probes.modes import measured

    generator = seeded(chosen.seed, opened.model.device)
    *_, last = measured(opened.model, opened.data, chosen.n, generator, chosen.attribute, coarse=chosen.n)
    found = last.value
    plain = {name: getattr(found, name) for name in ("high_quality", "kl", "precision", "recall", "distance")}
    plain |= {"accuracy_real": found.accuracy_real, "accuracy_fake": found.accuracy_fake}
    numbers: dict[str, Any] = {name: value if math.isfinite(value) else None for name, value in plain.items()}
    modes = {n: {"share": float(s), "ideal": float(i), "covered": bool(c)} for n, s, i, c in _by_mode(found)}
    facts = numbers | {"attribute": found.group, "covered": int(found.covered.sum()), "modes": modes}
    return [*_mode_rows(found), *_quality_rows(numbers)], facts


def _by_mode(found: Any) -> Iterable[tuple[str, float, float, bool]]:
    return zip(found.names, found.share, found.ideal, found.covered)


def _mode_rows(found: Any) -> list[tuple[str, str]]:
    if not found.names:
        return [("modes", "the data has none that can be told apart")]
    rows = [("modes covered", f"{found.covered.sum()} of {len(found.names)} ({found.group})")]
    for name, share, ideal, covered in _by_mode(found):
        rows.append((f"  {name}", f"{share:6.2%} of samples, {ideal:6.2%} of the data{'' if covered else '  missed'}"))
    return rows


def _quality_rows(numbers: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers that could be told, each with what it is of."""
    forms = {
        "high_quality": ("high-quality share", "{:.2%}  within 3 sigma of a mode"),
        "kl": ("KL to the data's modes", "{:.4f}  nats"),
        "precision": ("precision", "{:.4f}"),
        "recall": ("recall", "{:.4f}"),
        "distance": ("pairwise distance", "{:.4f}  of the data's"),
        "accuracy_real": ("D accuracy real", "{:.2%}"),
        "accuracy_fake": ("D accuracy fake", "{:.2%}"),
    }
    return [(title, form.format(numbers[n])) for n, (title, form) in forms.items() if numbers[n] is not None]


def _evaluate_novelty(opened: Opened, chosen: argparse.Namespace) -> Found:
    from genplay.evaluating import novelty

    return novelty(opened, chosen.n, chosen.seed)


def _evaluate_likelihood(opened: Opened, chosen: argparse.Namespace) -> Found:
    from genplay.evaluating import likelihood

    return likelihood(opened, chosen.n, chosen.importance_samples, chosen.seed)


EVALUATIONS: dict[str, tuple[str, Callable[[Opened, argparse.Namespace], Found]]] = {
    "modes": ("which modes of the data samples cover, how evenly and how well", _evaluate_modes),
    "novelty": ("how many samples stand in the data word for word (texts)", _evaluate_novelty),
    "likelihood": (
        "how probable held-out data is: bits per dimension or character, or nats and KL of points",
        _evaluate_likelihood,
    ),
}
"""Measures by the option that asks for them: its help, and what measures."""


# ---- info and list ----------------------------------------------------------------------------------------------


def _info_parser(name: str) -> _Parser:
    parser = _parser(name, "Show the card of a checkpoint.", _info)
    parser.add_argument("checkpoint", help="a file, or the name of a shipped checkpoint")
    parser.add_argument("--json", action="store_true", help="the whole card as JSON")
    return parser


def _info(chosen: argparse.Namespace) -> None:
    from genplay.contract import card as cards

    path = _checkpoint_path(chosen.checkpoint)
    card = cards.read(path)
    if chosen.json:
        print(json.dumps(json.loads(card.to_json()) | {"digest": cards.digest(path)}, indent=1, sort_keys=True))
        return
    rows = [("name", card.name), ("family", card.family), ("data", f"{card.data_title} ({card.data})")]
    rows += [("kind", f"{card.spec.kind}, shape {card.spec.shape}"), ("trained", f"{card.step:,} steps")]
    rows += [(n, str(v)) for n, v in (card.config | card.training).items()]
    rows += [(n, f"{points[-1][1]:.5g}") for n, points in card.curves.items() if points]
    rows += [("recipe", card.recipe), ("data licence", card.licence), ("made with", card.made_with)]
    rows += [("digest", cards.digest(path))]
    _print_table(rows)


def _list_parser(name: str) -> _Parser:
    parser = _parser(name, "List what genplay knows.", _list)
    parser.add_argument("what", choices=("families", "data", "checkpoints"))
    return parser


def _list(chosen: argparse.Namespace) -> None:
    _print_table({"families": _families, "data": _data, "checkpoints": _checkpoints}[chosen.what]())


def _families() -> list[tuple[str, str]]:
    from genplay import families

    return [(name, f"{f.title}: {f.summary}") for name, f in families.all().items()]


def _data() -> list[tuple[str, str]]:
    from genplay import data

    return [(name, f"{s.title}: {s.summary}") for name, s in data.sources().items()]


def _shipped() -> list[Path]:
    """The shipped checkpoints; those of the faces first, and the VAE before all."""
    from genplay.contract import paths

    found = paths.shipped("checkpoints").glob("*.safetensors")
    return sorted(found, key=lambda path: (path.stem != "vae-faces16", "faces16" not in path.stem, path.stem))


def _checkpoints() -> list[tuple[str, str]]:
    from genplay.contract import card, paths

    found = sorted(paths.shipped("checkpoints").glob("*.safetensors"))
    cards = [(path.stem, card.read(path)) for path in found]
    return [(stem, f"{c.name}, {c.step:,} steps") for stem, c in cards]


def _print_table(rows: list[tuple[str, str]]) -> None:
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")


# ---- pictures of the window -------------------------------------------------------------------------------------


def _shot_parser(name: str) -> _Parser:
    parser = _parser(name, "Take a screenshot of the window, offscreen.", _shot)
    parser.add_argument("panel", help="a tab of the stage, such as samples or latent")
    parser.add_argument(
        "--run", metavar="CHECKPOINT", help="a file or a shipped checkpoint (default: the first that the tab can show)"
    )
    parser.add_argument("--size", default="1440x900", metavar="WxH")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--train", type=float, default=0.0, metavar="SECONDS", help="train for so long first")
    parser.add_argument("--press", nargs="+", default=(), metavar="KEYS", help="keys to press then, such as J Ctrl+T")
    _add_out(parser, "FILE.png")
    return parser


def _shot(chosen: argparse.Namespace) -> None:
    out = _free_path(chosen.out, chosen.overwrite, {".png"})
    width, _, height = chosen.size.partition("x")
    if not (width.isdigit() and height.isdigit() and 640 <= int(width) <= 7680 and 480 <= int(height) <= 4320):
        raise BadInput(f"--size must be such as 1440x900, not {chosen.size!r}.")
    from genplay.shooting import shot

    shown = [_checkpoint_path(chosen.run)] if chosen.run else _shipped()
    shot(chosen.panel, shown, (int(width), int(height)), chosen.theme, out, chosen.train, chosen.press)
    print(out)


def _tour_parser(name: str) -> _Parser:
    parser = _parser(name, "Walk the window through its widgets, offscreen, and leave a screenshot a stop.", _tour)
    parser.add_argument("--out", default="tour", metavar="FOLDER")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    return parser


def _tour(chosen: argparse.Namespace) -> None:
    from genplay.tour import tour

    tour(Path(chosen.out), chosen.theme)


# ---- what several commands share --------------------------------------------------------------------------------


def _add_out(parser: _Parser, help: str) -> None:
    parser.add_argument("--out", required=True, metavar="FILE", help=help)
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def _add_machine(parser: _Parser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps ...")
    parser.add_argument("--threads", type=int, default=0, help="processor threads (default: all cores but one)")


def _machine(chosen: argparse.Namespace) -> Any:
    from genplay.engine import device

    if chosen.threads < 0 or chosen.threads > 1024:
        raise BadInput(f"--threads must be between 0 and 1024, not {chosen.threads}.")
    device.set_threads(chosen.threads)
    return device.choose(chosen.device)


def _opened(chosen: argparse.Namespace) -> Opened:
    path = _checkpoint_path(chosen.checkpoint)
    device = _machine(chosen)
    from genplay import api

    return api.load(path, device=str(device))


def _checkpoint_path(name: str) -> Path:
    """A checkpoint file as given, or a shipped one by name; raises ``BadInput``."""
    from genplay.contract import paths

    folder = paths.shipped("checkpoints")
    for path in (Path(name), folder / name, folder / f"{name}.safetensors"):
        if path.is_file():
            return path
    raise BadInput(f"There is no checkpoint {name!r}; see genplay list checkpoints.")


def _free_path(name: str, overwrite: bool, endings: set[str], option: str = "--out") -> Path:
    """A path that may be written, as far as that can be known before the work; raises ``BadInput``."""
    path = Path(name)
    if path.suffix not in endings:
        raise BadInput(f"{option} must end in {', '.join(sorted(endings))}, not {name!r}.")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {str(path.parent)!r} for {option}.")
    if path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise BadInput(f"{name} cannot be written: {'it is a folder' if path.is_dir() else 'permission denied'}.")
    if not overwrite and path.exists() and path.stat().st_size:
        raise BadInput(f"{name} exists; give --overwrite to replace it.")
    return path


def _pairs(words: Sequence[str]) -> dict[str, str]:
    """``name=text`` words as a dict; raises ``BadInput``."""
    for word in words:
        if "=" not in word:
            raise BadInput(f"{word!r} must have the form name=value.")
    return dict(word.split("=", 1) for word in words)  # type: ignore[misc]


def _check_positive(value: float | None, option: str) -> None:
    if value is not None and not value > 0:
        raise BadInput(f"{option} must be more than 0, not {value}.")


COMMANDS: dict[str, Callable[[str], _Parser]] = {
    "train": _train_parser,
    "sample": _sample_parser,
    "reconstruct": _reconstruct_parser,
    "evaluate": _evaluate_parser,
    "info": _info_parser,
    "list": _list_parser,
    "shot": _shot_parser,
    "tour": _tour_parser,
}
