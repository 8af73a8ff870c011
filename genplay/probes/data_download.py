"""Fetching a data set that does not come with genplay."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Generator

from genplay.contract import requests, results
from genplay.contract.errors import BadInput
from genplay.core.probe import Partial, Probe
from genplay.data import source


class DownloadData(Probe):
    """Download and verify a data set whose source defines ``fetch``; closing the answer cancels it."""

    question = requests.DownloadData
    needs_model = False

    def run(self, model: None, data: None, question: requests.DownloadData, generator: Generator) -> Iterator[Partial]:
        """``results.Downloaded`` as bytes arrive. Raises ``BadInput``."""
        fetch = getattr(source(question.data), "fetch", None)
        if fetch is None:
            raise BadInput(f"The data set {question.data} is not one to download.")
        for received, total in fetch():
            yield Partial(results.Downloaded(received, total), received / total if total else None)
