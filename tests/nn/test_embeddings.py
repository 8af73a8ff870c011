"""Embedding of attributes, and dropping them."""

from __future__ import annotations

import pytest
import torch

from genplay.contract.spec import Attribute
from genplay.nn.embeddings import AttributeEmbedding, drop_labels

ATTRIBUTES = (Attribute("size", ("small", "large")), Attribute("colour", ("red", "green", "blue")))


def test_every_value_and_any_has_its_own_vector() -> None:
    embedding = AttributeEmbedding(ATTRIBUTES, 5)
    labels = torch.cartesian_prod(torch.arange(3), torch.arange(4))
    vectors = embedding(labels)
    assert vectors.shape == (12, 5) and len(vectors.detach().unique(dim=0)) == 12
    difference = vectors.view(3, 4, 5)[1] - vectors.view(3, 4, 5)[0]
    torch.testing.assert_close(difference, difference[:1].expand(4, 5))  # attributes add up


def test_every_number_of_kept_attributes_is_equally_likely() -> None:
    labels = torch.zeros(40_000, 3, dtype=torch.int64)
    dropped = drop_labels(labels, (9, 8, 7), torch.Generator().manual_seed(0))
    assert set(dropped.unique().tolist()) == {0, 7, 8, 9}
    shares = (dropped == 0).sum(1).bincount(minlength=4) / len(labels)
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.02)
    assert (dropped[:, 0] == 9).double().mean() == pytest.approx(0.5, abs=0.02)
