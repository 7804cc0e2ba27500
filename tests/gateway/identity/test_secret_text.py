"""Keys as text: known by their form, checked without a store, never stored, cut out of logs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.secret_text import PATTERN, Hasher, mint, public_id, redacted


def test_a_key_has_its_form_and_its_id() -> None:
    minted = mint("clk")
    assert re.fullmatch(r"clk_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", minted.text)
    assert public_id("clk", minted.text) == minted.id
    assert public_id("cls", minted.text) is None
    assert len({mint("clk").text for _ in range(100)}) == 100


@given(place=st.integers(0, 65), sign=st.sampled_from("09azAZ"))
def test_any_single_slip_is_noticed_by_the_check(place: int, sign: str) -> None:
    text = mint("clk").text
    slipped = text[:place] + sign + text[place + 1 :]
    assert (public_id("clk", slipped) is None) == (slipped != text)


def test_scanners_find_keys_in_files_and_no_chance_text() -> None:
    key = mint("clk").text
    assert PATTERN.search(f'token = "{key}"  # mine') is not None
    assert PATTERN.search("clk_short_x and clk_" + "a" * 80) is None


@pytest.mark.parametrize("shape", ["{0}", "Bearer {0}", "?x={0}&y=1", "{0}=", "key:{0}."])
def test_what_looks_like_a_secret_is_cut_out_of_text(shape: str) -> None:
    for secret in (mint("clk").text, mint("cls").text, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"):
        hidden = secret.rpartition("_")[2] if "_" in secret else secret.partition(".")[2]
        assert hidden not in redacted(shape.format(secret))
        assert hidden[:-2] not in redacted(shape.format(secret[:-2]))


def test_a_hash_depends_on_the_pepper_and_tells_nothing_of_the_text() -> None:
    one, other = Hasher(b"pepper of the one"), Hasher(b"pepper of another")
    text = mint("clk").text
    assert one.matches(text, one.hash(text))
    assert not other.matches(text, one.hash(text))
    assert text[-20:] not in one.hash(text)
