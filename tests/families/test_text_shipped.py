"""The shipped writer of names: better than n-grams on texts it never saw, and no parrot."""

from __future__ import annotations

import math

import pytest
import torch

from genplay import api
from genplay.metrics.likelihood import size_of
from genplay.metrics.memory import shares

FIVE_GRAM = 2.8594  # bits per character on the same split, by ``benchmarks/text.py``


@pytest.fixture(scope="module")
def opened():
    return api.load("autoregressive-text")


@torch.no_grad()
def test_held_out_names_cost_less_than_by_5_grams(opened):
    x = opened.data.heldout
    nats = sum(float(opened.model.log_density(rows).sum()) for rows in x.split(256))
    assert -nats / (math.log(2) * size_of(x, opened.model.spec) * len(x)) < FIVE_GRAM


def test_it_writes_new_names_and_finds_held_out_ones(opened):
    with torch.no_grad():
        drawn = torch.cat([opened.model.sample(100, generator=torch.Generator().manual_seed(i)) for i in range(4)])
    found = shares(drawn, opened.data)
    assert found["new"] > 0.5
    assert found["distinct"] > 0.95


def test_words_are_small_and_names_begin_with_a_capital_as_asked(opened):
    kinds = opened.model.spec.attributes[0].values
    for kind, small in (("word", True), ("surname", False), ("woman", False)):
        labels = torch.full((60, 1), kinds.index(kind))
        with torch.no_grad():
            texts = opened.model.spec.text(opened.model.sample(60, labels=labels).numpy())
        assert sum(text[:1].islower() == small for text in texts) >= 57
