"""The engine behind its threads: all runs and what is done with them. Imports torch, so a lane imports it.

Commands run on the train lane, which owns the runs. Questions run on the view lane, which sees only the shelf.
Questions about data run on the errand lane, where a slow download holds nobody up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, singledispatchmethod
from pathlib import Path
from typing import Any

import torch

from genplay import families
from genplay.contract import requests as ask_for
from genplay.contract.errors import BadInput
from genplay.contract.results import Answer, Failure, FilmFrame
from genplay.contract.spec import Kind
from genplay.core.probe import Partial
from genplay.core.probe import ask as put
from genplay.core.training import Diverged
from genplay.engine import catalogue, device
from genplay.engine.drift import sample_drift
from genplay.engine.held_out import held_out_terms
from genplay.engine.lane import Job, Lane
from genplay.engine.mailbox import Mailbox
from genplay.engine.run import Run
from genplay.engine.shelf import Replicas, Shelf, Shown
from genplay.engine.stages import Stages
from genplay.engine.store import SavedRun, Store
from genplay.engine.training_job import Outside, train
from genplay.engine.turns import Turns
from genplay.probes import all as all_probes

log = logging.getLogger("genplay")
FILM_PICTURES, FILM_POINTS = 9, 512
LEAD = 4  # steps that a run may be ahead of the one it is paired with
ELSEWHERE = "Another genplay is open and has your runs; what is trained here is kept only if you save it to a file."


class Workshop:
    """Handles requests. ``train``, ``view`` and ``errands`` are lanes; the first two may be the same one.

    ``turns`` is what the view lane takes its turns by.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        train: Lane,
        view: Lane,
        errands: Lane,
        turns: Turns,
        root: Path,
        wanted: str,
        autosave_seconds: float,
    ) -> None:
        self.mailbox, self.train, self.view, self.errands = mailbox, train, view, errands
        self.shelf, self.replicas = Shelf(), Replicas()
        self.runs: dict[str, Run] = {}
        self.deleted: dict[str, Run] = {}
        self.problems: list[BadInput] = []
        self.device = self._first_device(wanted)
        self.store, self.stages = Store(root / "runs"), Stages(root / "stages")
        self.outside = Outside(
            report=self._report,
            publish=self._publish,
            is_watched=lambda run: self.shelf.was_read(run.run_id),
            film=self._film,
            save=self._autosave,
            autosave_seconds=autosave_seconds,
            waits=self._waits,
            stepping=turns.stepping,
        )
        mailbox.put_catalogue(catalogue.build())
        self._open_store()

    def _first_device(self, wanted: str) -> torch.device:
        try:
            return device.choose(wanted)
        except BadInput as error:
            self.mailbox.put_failure(Failure(f"{error} Computing on the CPU instead."))
            return torch.device("cpu")

    # ---- questions (any thread) ---------------------------------------------------------------------------

    def ask(self, request: ask_for.Ask) -> None:
        """Have a question answered on the lane it belongs to; the slot's older question is outdated from now on."""
        if not request.run_id:
            self._start_on(self.errands, request)
        elif self.shelf.has(request.run_id):
            self._start_on(self.view, request)
        else:
            self.train.post(partial(self._wake_and_ask, request))

    def cancel(self, slot: str) -> None:
        """Close the slot's job within one step."""
        for lane in {self.view, self.errands}:
            lane.post(partial(lane.stop, f"ask:{slot}"))

    def _wake_and_ask(self, request: ask_for.Ask) -> None:
        if not self.mailbox.is_newest(request.slot, request.job):
            return
        try:
            self._awake(request.run_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the question has its end
            self._fail(error, slot=request.slot, run_id=request.run_id, job=request.job)
            return
        self._start_on(self.view, request)

    def _start_on(self, lane: Lane, request: ask_for.Ask) -> None:
        def start() -> None:
            if self.mailbox.is_newest(request.slot, request.job):
                lane.start(Job(f"ask:{request.slot}", self._answers(request), partial(self._answered, request)))

        lane.post(start)

    def _answers(self, request: ask_for.Ask) -> Iterator[None]:
        """The job that answers a question: every partial answer goes to the mailbox at once."""
        probe = all_probes().get(type(request.question).__name__)
        if probe is None:
            raise BadInput(f"Nothing here answers the question {type(request.question).__name__}.")
        if not probe.needs_model:
            yield from self._deliver(request, put(probe, None, None, request.question), 0, "")
            return
        shown = self.shelf.get(request.run_id)
        if shown is None:
            raise BadInput("That run is gone.")
        with self.replicas.lease(request.run_id, shown) as model:
            answers = put(probe, model, shown.data, request.question)
            yield from self._deliver(request, answers, shown.snapshot.step, shown.digest)

    def _deliver(self, request: ask_for.Ask, answers: Iterator[Partial], step: int, digest: str) -> Iterator[None]:
        """Put every answer into the mailbox, and the last one once: a whole one is held until what follows is known."""
        answer, held = None, False
        for part in answers:
            if part.value is None:
                yield
                continue
            if held and answer is not None:
                self.mailbox.put_answer(answer)
            answer = Answer(
                request.job, request.slot, request.run_id, step, part.value, part.progress, False, digest, part.kept
            )
            held = not part.kept and part.progress is not None and part.progress >= 1
            if not held:
                self.mailbox.put_answer(answer)
                yield
        if answer is not None:
            self.mailbox.put_answer(replace(answer, last=True, progress=1.0, kept=False))

    def _answered(self, request: ask_for.Ask, error: BaseException | None) -> None:
        if error is not None:
            self._fail(error, slot=request.slot, run_id=request.run_id, job=request.job)
        elif isinstance(request.question, ask_for.DownloadData):
            self.mailbox.put_catalogue(catalogue.build())

    # ---- commands (train lane) ----------------------------------------------------------------------------

    def handle(self, request: object) -> None:
        """Carry out a command; what goes wrong becomes a ``Failure``."""
        try:
            self._handle(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the window is told which run it concerns
            self._fail(error, run_id=getattr(request, "new_id", "") or getattr(request, "run_id", ""))

    @singledispatchmethod
    def _handle(self, request: object) -> None:
        raise BadInput(f"The engine does not know the request {type(request).__name__}.")

    @_handle.register
    def _create(self, request: ask_for.CreateRun) -> None:
        config = self.stages.named(families.named(request.family), request.config, self._awake)
        run = Run.create(
            request.run_id,
            request.name,
            request.family,
            request.data,
            data_options=request.data_options,
            config=config,
            training=request.training,
            seed=request.seed,
            device=self.device,
            stages=self.stages,
        )
        self._add(run)
        self._autosave(run)

    @_handle.register
    def _open(self, request: ask_for.OpenCheckpoint) -> None:
        self._add(Run.from_checkpoint(request.run_id, request.path, self.device, self.stages))

    @_handle.register
    def _control(self, request: ask_for.Control) -> None:
        run = self._awake(request.run_id)
        actions: dict[str, Callable[[Run], None]] = {
            "play": self._play,
            "pause": self._pause,
            "step": partial(self._play, steps=1),
            "restart": self._restart,
            "stop": self._stop,
            "substep": self._substep,
        }
        if request.action not in actions:
            raise BadInput(f"A run cannot {request.action!r}; known: {', '.join(actions)}.")
        actions[request.action](run)

    @_handle.register
    def _set_live(self, request: ask_for.SetLive) -> None:
        run = self._awake(request.run_id)
        run.set_live(request.values)
        self._report(run)

    @_handle.register
    def _fork(self, request: ask_for.ForkRun) -> None:
        source = self._awake(request.run_id)
        config, phase = self.stages.named(source.family, request.config, self._awake), source.phase
        run = source.fork(request.new_id, request.name, request.fresh, request.step, config, request.training)
        self._add(run)
        self._send_film(run)
        self._autosave(run)
        if source.phase != phase:
            self._tell_step(source)

    @_handle.register
    def _rewind(self, request: ask_for.Rewind) -> None:
        run = self._awake(request.run_id)
        run.history.at(request.step)
        self._pause(run)
        run.rewind(request.step)
        run.status = "paused"
        self._send_film(run, reset=True)
        self._tell_step(run)
        self._autosave(run)

    @_handle.register
    def _pair(self, request: ask_for.Pair) -> None:
        run = self._run(request.run_id)
        other = self._run(request.other_id) if request.other_id else None
        if other is run:
            raise BadInput("A run cannot be paired with itself.")
        for one in (run, other):
            self._unpair(one)
        if other is not None:
            run.paired, other.paired = other.run_id, run.run_id
            self._report(run)
            self._report(other)

    def _unpair(self, run: Run | None) -> None:
        """Let a run, and the one it was paired with, train freely."""
        pair = (run, self.runs.get(run.paired)) if run is not None and run.paired else ()
        for one in pair:
            if one is not None:
                one.paired = ""
                self._report(one)

    def _waits(self, run: Run) -> bool:
        """Whether a run is as far ahead of the one it is paired with as it may, while that one trains."""
        other = self.runs.get(run.paired)
        return other is not None and other.status == "training" and run.step - other.step >= LEAD

    @_handle.register
    def _rename(self, request: ask_for.RenameRun) -> None:
        name = request.name.strip()[:80]
        if not name:
            raise BadInput("A run needs a name.")
        run = self._awake(request.run_id)
        run.name, run.saved_step = name, -1
        self._autosave(run)
        self._report(run)

    @_handle.register
    def _delete(self, request: ask_for.DeleteRun) -> None:
        run = self._run(request.run_id)
        self._pause(run)
        run.finish_step()
        self._unpair(run)
        run.history.clear()
        self.store.discard(run.run_id)
        del self.runs[run.run_id]
        self.deleted[run.run_id] = run
        self.shelf.remove(run.run_id)
        self.view.post(partial(self.replicas.forget, run.run_id))
        self.mailbox.put_removed(run.run_id)

    @_handle.register
    def _restore(self, request: ask_for.RestoreRun) -> None:
        run = self.deleted.get(request.run_id)
        if run is None:
            raise BadInput("That run can no longer be brought back.")
        was_saved = self.store.bring_back(run.run_id)
        if not was_saved and not run.digest:  # a checkpoint that was only opened has no folder
            run.saved_step = -1
        self.runs[run.run_id] = self.deleted.pop(run.run_id)
        run.curves.resend()
        self._show(run)
        self._send_film(run)

    @_handle.register
    def _save(self, request: ask_for.SaveRun) -> None:
        run = self._awake(request.run_id)
        run.save(request.path)
        self._publish(run)
        self._report(run)
        self.mailbox.put_message(f"Saved {Path(request.path).name}.")

    @_handle.register
    def _set_device(self, request: ask_for.SetDevice) -> None:
        self.device = device.choose(request.device)
        for run in self.runs.values():
            self._move(run)

    def _move(self, run: Run) -> None:
        """Continue a run on the chosen device; one that trains is stopped for it and then trains on."""
        was_running, steps_left = self.train.is_running(self._key(run)), run.steps_left
        if run.device != self.device:
            self.train.stop(self._key(run))
        try:
            run.move(self.device)
        except (RuntimeError, MemoryError) as error:
            self._fail(error, run_id=run.run_id)
        if run.awake:
            self._publish(run)
        if was_running and not self.train.is_running(self._key(run)):
            self._play(run, steps_left)
        self._report(run)

    # ---- training -----------------------------------------------------------------------------------------

    @staticmethod
    def _key(run: Run) -> str:
        return f"train:{run.run_id}"

    def _play(self, run: Run, steps: int | None = None) -> None:
        """Train on, for ever or for some more steps; asked while it plays, a number of steps is what is left to do."""
        running = self.train.is_running(self._key(run))
        run.steps_left = steps if steps is None or not running else steps + (run.steps_left or 0)
        if running:
            return
        self.train.start(Job(self._key(run), train(run, self.outside), partial(self._ended, run), torch.enable_grad))
        run.status = "training"
        self._note_training(run, True)
        self._report(run)

    def _pause(self, run: Run) -> None:
        self.train.stop(self._key(run))

    def _ended(self, run: Run, error: BaseException | None) -> None:
        """A training was paused, has done its steps, or failed."""
        run.status = "paused"
        if error is not None:
            run.status = "failed"
            run.message = _sentence(error)
            self._fail(error, run_id=run.run_id)
        self._tell_step(run)
        self._autosave(run)
        self._note_training(run, False)

    def _note_training(self, run: Run, training: bool) -> None:
        try:
            self.store.note_training(run.run_id, training)
        except OSError as error:  # only the next start's message hangs on it
            log.warning("no mark could be left with the run %s: %s", run.run_id, error)

    def _restart(self, run: Run) -> None:
        was_running = self.train.is_running(self._key(run))
        self.train.stop(self._key(run))
        run.restart()
        run.status = "paused"
        self._show(run)
        if was_running:
            self._play(run)

    def _substep(self, run: Run) -> None:
        """One player's part of a step; the last one ends as a whole step does."""
        self._pause(run)
        run.remember(always=True)
        try:
            with torch.enable_grad():
                run.substep()
        except Exception as error:  # noqa: BLE001 - it ends the training as it would any other
            self._ended(run, error)
            return
        if not run.phase:
            self._ended(run, None)
            return
        run.status, run.message = "paused", ""
        self._publish(run)
        self._report(run)

    def _stop(self, run: Run) -> None:
        self._pause(run)
        run.finish_step()
        assert run.trainer is not None
        for player in run.trainer.players.values():
            player.release()
        self._report(run)

    # ---- telling others -----------------------------------------------------------------------------------

    def _report(self, run: Run) -> None:
        if run.run_id not in self.runs:
            return
        block = run.curves.block(run.run_id)
        if block is not None:
            self.mailbox.put_curves(block)
        self.mailbox.put_run(run.record())

    def _tell_step(self, run: Run) -> None:
        """Everything about the step that a run has come to."""
        self._publish(run)
        self._film(run, run.step > (run.film[-1][0] if run.film else -1))
        self._report(run)

    def _send_film(self, run: Run, reset: bool = False) -> None:
        """All frames; ``reset`` has the window drop its own first."""
        for i, (step, x) in enumerate(run.film):
            self.mailbox.put_film(FilmFrame(run.run_id, step, x, reset=reset and i == 0))

    def _publish(self, run: Run) -> None:
        if run.run_id in self.runs:
            self.shelf.publish(run.run_id, self._shown(run))

    def _shown(self, run: Run) -> Shown:
        return Shown(run.snapshot(), run.family, run.config, run.dataset.spec, run.dataset, run.device, run.digest)

    def _film(self, run: Run, keep: bool = True) -> None:
        """Have the view lane draw the run's fixed-seed samples with the weights of this moment."""
        shown, past = self._shown(run), run.past
        if run.run_id in self.runs:
            self.shelf.publish(run.run_id, shown)
        n = FILM_POINTS if shown.spec.kind is Kind.POINTS else FILM_PICTURES
        question = ask_for.DrawSamples(n=n, seed=run.seed)
        probe = all_probes()["DrawSamples"]

        def steps() -> Iterator[None]:
            value: Any = None
            step = shown.snapshot.step
            with self.replicas.lease(run.run_id, shown) as model:
                for part in put(probe, model, shown.data, question):
                    value = part.value
                    yield
                terms = (yield from held_out_terms(model, shown.data, step, run.seed)) if keep and step else {}
            assert value is not None
            frame = FilmFrame(run.run_id, step, value.x, keep=keep)
            self.train.post(partial(self._take_film, run, past, frame, terms))

        job = Job(f"film:{run.run_id}", steps(), partial(self._film_ended, run), background=True)
        self.view.post(partial(self.view.start, job))

    def _take_film(self, run: Run, past: int, frame: FilmFrame, terms: dict[str, float]) -> None:
        if run.run_id not in self.runs or run.past != past:
            return  # deleted, restarted or put back meanwhile
        frame = replace(frame, reset=not run.film)
        if frame.keep:
            terms = terms | sample_drift(run.film, frame.step, frame.x)
            run.add_film(frame.step, frame.x)
        if terms:
            run.curves.add(frame.step, terms)
        self.mailbox.put_film(frame)

    def _film_ended(self, run: Run, error: BaseException | None) -> None:
        if error is not None:
            self._fail(error, run_id=run.run_id)

    def _fail(self, error: BaseException, slot: str = "", run_id: str = "", job: int = 0) -> None:
        if not isinstance(error, BadInput | Diverged | OSError):
            log.error("unexpected failure", exc_info=error)
        self.mailbox.put_failure(Failure(_sentence(error), slot, run_id, job))

    # ---- runs ---------------------------------------------------------------------------------------------

    def _run(self, run_id: str) -> Run:
        if run_id not in self.runs:
            raise BadInput("That run is gone.")
        return self.runs[run_id]

    def _awake(self, run_id: str) -> Run:
        """The run, read from disk if it slept; raises ``BadInput``."""
        run = self._run(run_id)
        if not run.awake:
            state = self.store.read_state(run_id)
            run.wake_from(state, self.store.read_curves(run_id, int(state[1].get("step", 0))))
            self._publish(run)
            self._report(run)
        return run

    def _add(self, run: Run) -> None:
        self.runs[run.run_id] = run
        self._show(run)

    def _show(self, run: Run) -> None:
        """Everything about a run that is new to the window."""
        if run.awake:
            self._publish(run)
            if not run.film:
                self._film(run)
        self._report(run)

    def _open_store(self) -> None:
        try:
            saved, problems = self.store.open() if self.store.claim() else ([], [ELSEWHERE])
        except OSError as error:
            saved, problems = [], [f"Runs cannot be kept from one start to the next. {_sentence(error)}"]
        for item in saved:
            try:
                self._add_saved(item)
            except BadInput as error:
                problems.append(f"The saved run {item.card.name} was left alone: {error}")
        for problem in problems:
            self.mailbox.put_failure(Failure(problem))

    def _add_saved(self, item: SavedRun) -> None:
        run = Run.from_card(item.run_id, item.card, self.device, self.stages)
        run.status, run.film, run.saved_step = "paused", item.film, item.card.step
        if item.was_training:
            run.message = f"Resumed from step {run.step:,}: the program ended while this run was training."
            self.store.note_training(item.run_id, False)
        run.curves = self.store.read_curves(item.run_id, item.card.step)
        self._add(run)
        self._send_film(run)

    def _autosave(self, run: Run) -> None:
        """Write the run to disk if it has gone on since the last time."""
        if not run.awake or run.saved_step == run.step or run.run_id not in self.runs:
            return
        try:
            run.finish_step()
            self.store.write(run.run_id, run.card(with_curves=False), run.state(), run.curves, run.film)
            run.saved_step = run.step
            self.store.note_training(run.run_id, run.status == "training")
        except (OSError, ValueError, RuntimeError, MemoryError, Diverged) as error:  # training goes on all the same
            self.mailbox.put_failure(Failure(f"{run.name} could not be saved: {_sentence(error)}", run_id=run.run_id))

    def shut(self) -> None:
        """Save everything (the last call of the train lane)."""
        for run in self.runs.values():
            self._autosave(run)
        self.store.release()


def _sentence(error: BaseException) -> str:
    """What the user is told of an exception."""
    if isinstance(error, Diverged):
        return f"{error} The weights are those before it. Lower the learning rate or clip the gradient, then play on."
    if isinstance(error, BadInput):
        return str(error)
    if isinstance(error, OSError):
        return f"{Path(str(error.filename)).name if error.filename else 'The disk'}: {error.strerror or error}."
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "There is not enough memory for that; try fewer samples or a smaller network."
    return f"Something unexpected went wrong ({type(error).__name__}); the details are in the log."
