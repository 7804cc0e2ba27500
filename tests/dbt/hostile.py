"""Names and texts that are hard to mask, in a fixed order: what is known to be hard, then mixtures drawn by a seed."""

from __future__ import annotations

import random

NAMES = (
    "张", "张三", "张三丰", "欧阳", "欧阳修", "太史慈", "爱新觉罗", "第五伦", "司马相如", "O'Brien", "a", "**",
    "张\\1", "$1$2", "买买提·艾合买提", "😀😀😀", "１３８12345678", "张 三", "|张三|",
)  # fmt: skip
PIECES = (
    "13812345678", "138 1234-5678", "１３８１２３４５６７８", "110101199001011234", "11010119900101123x",
    "110101900101123", "6222021234567890123", "010-12345678", "075512345678", "a.b@example.com", "京A12345",
    "京A·D12345", "京A.12345", "粤B 12345", "12号", "3栋2单元101室", "号", "'", "\\1", "$1", "{{ x }}", "\n", "\t",
    "，", "。", "abc", "０", "路灯不亮", "😀",
)  # fmt: skip


def texts(number: int = 60) -> list[str]:
    """Each piece alone, then mixtures of up to six."""
    drawn = random.Random(7)
    return [*PIECES, *("".join(drawn.choices(PIECES, k=drawn.randint(2, 6))) for _ in range(number))]
