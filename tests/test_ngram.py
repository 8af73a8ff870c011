"""The n-grams that texts are measured against: hand-worked numbers, sums to 1, and that more context helps."""

from __future__ import annotations

import math

import pytest
from figures.ngram import BEGIN, END, KneserNey


def test_bigrams_by_hand():
    """Of "ab", "ab", "ac" with D = 1/2 and four symbols a, b, c and the end.

    After "a": b twice, c once, so 3 - 2/2 are kept and r = 1/3. Below, different characters stand before each symbol:
    one before a (the beginning), one before b, one before c, two before the end, five in all, so r = 4/10.
    """
    model = KneserNey(["ab", "ab", "ac"], symbols=4, order=2, discount=0.5)
    below = {"a": 0.5 / 5 + 0.4 / 4, "b": 0.5 / 5 + 0.4 / 4, "c": 0.5 / 5 + 0.4 / 4, END: 1.5 / 5 + 0.4 / 4}
    assert model.prob("", "b") == pytest.approx(below["b"])
    assert model.prob("a", "b") == pytest.approx(1.5 / 3 + below["b"] / 3)
    assert model.prob("a", "c") == pytest.approx(0.5 / 3 + below["c"] / 3)
    assert model.prob("a", "a") == pytest.approx(below["a"] / 3)
    assert model.prob("b", END) == pytest.approx(1.5 / 2 + 0.25 * below[END])
    assert model.prob(BEGIN, "a") == pytest.approx(2.5 / 3 + below["a"] / 6)
    assert model.bits("ab") == pytest.approx(
        -math.log2(model.prob(BEGIN, "a") * model.prob("a", "b") * model.prob("b", END))
    )


@pytest.mark.parametrize("discount", [None, 0.7])
@pytest.mark.parametrize("history", ["", BEGIN, BEGIN + "b", "an", "anan", "xyz", BEGIN + "banana"])
def test_what_may_come_next_sums_to_one(history, discount):
    model = KneserNey(["banana", "bandana", "ananas", "bana", "nab", "cab"], symbols=27, discount=discount)
    letters = [*map(chr, range(97, 123)), END]
    assert sum(model.prob(history, c) for c in letters) == pytest.approx(1, abs=1e-12)


def test_bits_are_of_characters_and_ends():
    model = KneserNey(["ab"], symbols=3, order=1)
    assert model.bits_per_character(["ab", ""]) == pytest.approx((model.bits("ab") + model.bits("")) / 4)


def test_longer_histories_help_where_they_matter():
    """Every character is the sum of the two before it, modulo 7: two of them tell the next one, one tells nothing."""
    starts = [(a, b) for a in range(7) for b in range(7)]
    texts = ["".join("abcdefg"[n] for n in summed(a, b)) for a, b in starts]
    held = texts[::8]
    train = [text for text in texts if text not in held]
    bits = [KneserNey(train, 8, order).bits_per_character(held) for order in (1, 2, 3)]
    assert bits[2] < 0.6 * min(bits[:2])


def summed(a: int, b: int) -> list[int]:
    numbers = [a, b]
    while len(numbers) < 12:
        numbers.append((numbers[-1] + numbers[-2]) % 7)
    return numbers
