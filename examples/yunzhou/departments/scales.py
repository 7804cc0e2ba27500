"""How large a simulated city is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes of a city. Volumes are means per day; a working day for permits and penalties.

    `districts` and `streets_per_district` bound the part of the vocabulary that is used. `backlog` decisions lie
    before the first day. `history_days` is how long the city has lived before the first delivery.
    """

    name: str
    days: int
    districts: int
    streets_per_district: int
    tickets: int
    cases: int
    components: int
    permits: int
    penalties: int
    entities: int
    backlog: int
    history_days: int = 80


SCALES = {
    scale.name: scale
    for scale in (
        Scale("small", 30, 3, 4, 60, 60, 500, 30, 12, 1_500, 400),
        Scale("medium", 90, 16, 14, 800, 500, 60_000, 250, 60, 20_000, 4_000),
        Scale("city", 365, 16, 14, 12_330, 8_000, 1_900_000, 3_000, 400, 400_000, 60_000),
    )
}
