"""Characters by the n - 1 before them: interpolated Kneser-Ney smoothing, the model to beat before neural ones."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

BEGIN, END = "\x02", "\n"


class KneserNey:
    """Interpolated Kneser-Ney smoothing of n-grams of characters (Kneser and Ney 1995).

        p(c | h) = (count(h c) - D(count(h c))) / count(h) + r(h) p(c | h without its first character)

    where r(h) is the mass that the discounts D took away, and the shortest history falls back on all ``symbols``
    alike. Below the highest order, count(h c) is of different characters before "h c" and not of occurrences. An order
    has three discounts, for counts of one, two and more (Chen and Goodman 1998, "modified"); ``discount`` replaces all.
    """

    def __init__(self, texts: Iterable[str], symbols: int, order: int = 5, discount: float | None = None) -> None:
        self.symbols, self.order = symbols, order
        self.counts: list[dict[str, Counter[str]]] = [defaultdict(Counter) for _ in range(order)]
        before: list[dict[tuple[str, str], set[str]]] = [defaultdict(set) for _ in range(order)]
        for text in texts:
            line = BEGIN + text + END
            for i in range(1, len(line)):
                for k in range(min(order - 1, i) + 1):
                    history = line[i - k : i]
                    if k == order - 1 or k == i:  # nothing stands before the beginning, so its occurrences count
                        self.counts[k][history][line[i]] += 1
                    else:
                        before[k][history, line[i]].add(line[i - k - 1])
        for k, found in enumerate(before):
            for (history, c), different in found.items():
                self.counts[k][history][c] = len(different)
        self.discounts = [[discount] * 3 if discount is not None else _discounts(c) for c in self.counts]

    def prob(self, history: str, c: str) -> float:
        """p(c | history), of which the last n - 1 characters count."""
        history = history[-(self.order - 1) :] if self.order > 1 else ""
        p = 1 / self.symbols
        for k in range(len(history) + 1):
            p = self._mixed(history[len(history) - k :], c, p)
        return p

    def _mixed(self, history: str, c: str, lower: float) -> float:
        found = self.counts[len(history)].get(history)
        if not found:
            return lower
        taken = self.discounts[len(history)]
        left = sum(min(n, taken[min(n, 3) - 1]) for n in found.values())
        n = found.get(c, 0)
        own = max(0.0, n - taken[min(n, 3) - 1]) if n else 0.0
        return (own + left * lower) / sum(found.values())

    def bits(self, text: str) -> float:
        """-log2 p(text), its end included."""
        line = BEGIN + text + END
        return -sum(math.log2(self.prob(line[:i], line[i])) for i in range(1, len(line)))

    def bits_per_character(self, texts: Sequence[str]) -> float:
        """Of some texts together, the end of each counting as a character."""
        return sum(map(self.bits, texts)) / sum(len(text) + 1 for text in texts)


def _discounts(counts: dict[str, Counter[str]]) -> list[float]:
    """For counts of one, two and more, from how many n-grams were counted once to four times."""
    often = Counter(n for found in counts.values() for n in found.values())
    n1, n2, n3, n4 = (often[n] for n in (1, 2, 3, 4))
    if not n1 or not n2:
        return [0.5] * 3
    y = n1 / (n1 + 2 * n2)
    raw = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3 if n3 else 2 * y]
    return [min(max(d, 0.05), i + 0.95) for i, d in enumerate(raw)]
