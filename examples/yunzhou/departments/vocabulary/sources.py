"""Which department speaks for each element that several deliver, and since when."""

from __future__ import annotations

from collections.abc import Iterator

from departments.vocabulary.places import SINCE, Row

# element of a legal entity: feeds in the order in which they are believed
LEGAL_ENTITY = {
    **dict.fromkeys(
        ("reg_no", "entity_name", "entity_type_code", "legal_rep_name", "reg_capital_yuan", "established_on",
         "approved_on", "status_code", "industry_code", "reg_address", "authority_name", "division_code"),
        ("register", "credit"),
    ),
    "contact_phone": ("credit", "register"),
}  # fmt: skip
REGISTER_FROM = "2026-01-01"  # before that day the credit office's copy was the city's register


def source_rows() -> Iterator[Row]:
    """Rows of source_of_truth.csv."""
    for column, order in LEGAL_ENTITY.items():
        element = f"legal_entity.{column}"
        if order[0] == "register":
            yield element, "credit", 1, SINCE, "2025-12-31", "Choice of the demonstration city"
        since = REGISTER_FROM if order[0] == "register" else SINCE
        for rank, source in enumerate(order, start=1):
            yield element, source, rank, since, None, "Choice of the demonstration city"
