"""Check characters of Chinese identifiers, for synthetic ones only (area 99, which no real identifier has)."""

from __future__ import annotations

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
PERSON_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PERSON_CHECK = "10X98765432"


def uscc(kind: str, area: str, subject: str) -> str:
    """Unified social credit code (GB 32100) of 2-character `kind`, 6-digit `area`, 8-character `subject`."""
    total = sum(weight * int(char, 36) for weight, char in zip(SUBJECT_WEIGHTS, subject, strict=True))
    check = 11 - total % 11
    body = kind + area + subject + ("X" if check == 10 else "0" if check == 11 else str(check))
    total = sum(weight * USCC_ALPHABET.index(char) for weight, char in zip(USCC_WEIGHTS, body, strict=True))
    return body + USCC_ALPHABET[(31 - total % 31) % 31]


def uscc_sql(kind: str, area: str, number: str, *, slip: int = 0) -> str:
    """SQL of a unified social credit code whose subject is `MA` and six digits of the integer expression `number`.

    With a `slip` the check character of the subject is wrong, as in codes from before the standard; that of the whole
    is right.
    """
    digits = [f"({number} // {10**power}) % 10" for power in range(5, -1, -1)]
    subject = " + ".join(f"({digit}) * {weight}" for digit, weight in zip(digits, SUBJECT_WEIGHTS[2:], strict=True))
    fixed = SUBJECT_WEIGHTS[0] * int("M", 36) + SUBJECT_WEIGHTS[1] * int("A", 36)
    check = f"substr('0X987654321', cast(({fixed + slip} + {subject}) % 11 + 1 as integer), 1)"
    body = f"({kind} || {area} || 'MA' || lpad(cast({number} as varchar), 6, '0') || {check})"
    return f"(select b || {_uscc_check_sql('b')} from (select {body} as b))"


def _uscc_check_sql(body: str) -> str:
    terms = " + ".join(
        f"(strpos('{USCC_ALPHABET}', substr({body}, {place}, 1)) - 1) * {weight}"
        for place, weight in enumerate(USCC_WEIGHTS, start=1)
    )
    return f"substr('{USCC_ALPHABET}', cast((31 - ({terms}) % 31) % 31 + 1 as integer), 1)"


def person_id_sql(area: str, born: str, sequence: str) -> str:
    """SQL of an 18-digit resident number (GB 11643) of 6-digit `area`, date `born`, integer `sequence` below 1000."""
    body = f"({area} || strftime({born}, '%Y%m%d') || lpad(cast({sequence} as varchar), 3, '0'))"
    terms = " + ".join(
        f"cast(substr({body}, {place}, 1) as integer) * {weight}"
        for place, weight in enumerate(PERSON_WEIGHTS, start=1)
    )
    return f"({body} || substr('{PERSON_CHECK}', cast(({terms}) % 11 + 1 as integer), 1))"
