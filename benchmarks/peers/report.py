"""The figures as tables: middles over the rounds, and ratios to the servers that goals name."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.tables import table


@dataclass
class Figures:
    """What was measured: by workload, then by server, one figure a round. `best` says which end of it is better."""

    higher: bool
    unit: str
    found: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, workload: str, server: str, figure: float) -> None:
        """One more figure."""
        self.found[workload][server].append(figure)

    def middle(self, workload: str, server: str) -> float | None:
        """The middle of the rounds; None where there is none."""
        rounds = self.found.get(workload, {}).get(server)
        return median(rounds) if rounds else None


@dataclass(frozen=True)
class Goal:
    """CivicLake beside another server, or the best of the others: how many times as good it is to be."""

    workload: str
    against: str | None
    times: float
    instead: str | None = None  # workload of the other server, where it is not the same


def rates(figures: Figures, servers: Sequence[str], title: str) -> str:
    """The middles, one line a workload, one column a server."""
    lines = [
        [workload, *(_shown(figures.middle(workload, server)) for server in servers)] for workload in figures.found
    ]
    return f"{title} ({figures.unit}):\n\n{table(['', *servers], lines)}"


def goals(named: Iterable[tuple[Goal, Figures]], own: str) -> str:
    """Each goal with what came of it."""
    lines = []
    for goal, figures in named:
        mine, other = figures.middle(goal.workload, own), _other(goal, figures, own)
        if mine is None or other is None:
            continue
        name, theirs = other
        better, worse = (mine, theirs) if figures.higher else (theirs, mine)
        ratio = better / worse if worse else math.inf  # it gave no answer in its time
        verdict = "met" if ratio >= goal.times else "missed"
        lines.append([goal.workload, name, f"{goal.times:g}", f"{ratio:.2f}", verdict])
    return table(["CivicLake", "beside", "goal", "times as good", ""], lines)


def _other(goal: Goal, figures: Figures, own: str) -> tuple[str, float] | None:
    workload = goal.instead or goal.workload
    if goal.against is not None:
        found = figures.middle(workload, goal.against)
        return None if found is None else (goal.against, found)
    others = {name: median(rounds) for name, rounds in figures.found[workload].items() if name != own}
    if not others:
        return None
    best = (max if figures.higher else min)(others, key=lambda name: others[name])
    return f"best: {best}", others[best]


def _shown(figure: float | None) -> str:
    if figure is None:
        return "–"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 1 else f"{figure:.2f}"
