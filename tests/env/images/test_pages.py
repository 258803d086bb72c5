"""Pages of text: any script, wrapped, in the largest letters that fit, between the margins."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectow_env import Picture, SectowError
from sectow_env.errors import MissingExtraError
from sectow_env.images import fonts, layout
from sectow_env.images.caption import draw_caption
from sectow_env.images.flowchart import draw_flowchart
from sectow_env.images.layout import Paragraph, TooLongError, fit
from sectow_env.images.lines import NoGlyphError, Type, clean, runs, width
from sectow_env.images.page import draw_page, paragraphs_of, titled_list
from sectow_env.images.scene import draw_scene
from sectow_env.images.sheet import STYLES, Style
from sectow_env.images.wrapping import pieces, wrap

SCRIPTS = {
    "latin": "the lantern keeper counts fjord-lamps (42) — naïve Łódź",
    "greek and cyrillic": "το φανάρι είναι μικρό фонарь горит тихо",
    "arabic": "مصباح صغير في الدكان 12 مصباحًا",
    "hebrew": "שלום פנס קטן (123) בחנות",
    "devanagari": "लालटेन की छोटी दुकान में क्षत्रिय",
    "thai": "ร้านโคมไฟเล็กๆในเมือง",
    "japanese": "提灯屋の小さな「灯り」を数えます。",
    "chinese and korean": "灯笼店很小,等火。한국어 등불 가게",
    "tamil": "சிறிய விளக்கு கடை",
    "emoji": "🏮👩‍🚀👍🏽 lamp 🔦",
    "stacked": "ẛ̣̂̃̄̅̆̇ Z̶̢̛͓̈́à̴̡l̵g̷o",
    "long": "Laternenanzündergesellschaftsversammlungsprotokollführerinnen",
}
PRINT = STYLES["print"]


def quiet(style: Style) -> Style:
    """Without noise and lines, so that all that differs from the paper is ink."""
    return replace(style, noise=0, ruled=False)


def margins_hit(picture: Picture, style: Style) -> int:
    """Pixels of ink in the margins."""
    pixels = picture.pixels
    side = pixels.shape[0]
    inked = (pixels != pixels[0, 0]).any(axis=2)
    margin = int(style.margin * side)
    inked[margin : side - margin, margin : side - margin] = False
    return int(inked.sum())


def page(text: str, style: Style = PRINT, side: int = 160, key: str = "") -> Picture:
    return draw_page(paragraphs_of(text), quiet(style), side=side, jitter_key=key)


@pytest.mark.parametrize("script", SCRIPTS)
def test_any_script_is_drawn_between_the_margins(script: str) -> None:
    for style in STYLES.values():
        drawn = page(SCRIPTS[script], style)
        assert margins_hit(drawn, style) == 0
        assert len(np.unique(drawn.pixels)) > 2, "something is drawn"


words = st.lists(st.sampled_from(" ".join(SCRIPTS.values()).split()), min_size=1, max_size=40)


@settings(max_examples=30, deadline=None)
@given(
    words, st.sampled_from(list(STYLES.values())), st.integers(64, 300), st.text("ab", max_size=3)
)
def test_text_that_fits_stays_between_the_margins(
    words: list[str], style: Style, side: int, key: str
) -> None:
    try:
        drawn = page(" ".join(words), style, side, key)
    except TooLongError:
        return
    assert drawn.pixels.shape == (side, side, 3)
    assert margins_hit(drawn, style) == 0


def test_all_of_the_text_is_laid_out_in_its_order() -> None:
    text = " ".join(SCRIPTS.values())
    block = fit([Paragraph(clean(text))], "serif", (300, 300))
    assert "".join(line.text for line in block.lines).replace(" ", "") == clean(text).replace(
        " ", ""
    )


def test_letters_are_as_large_as_fits() -> None:
    room = (300, 300)
    texts = [[Paragraph("lamp " * count)] for count in (1, 20, 80)]
    sizes = [fit(text, "sans", room).size for text in texts]
    assert sizes[0] == 60
    assert sizes == sorted(sizes, reverse=True)
    for text, size in zip(texts[1:], sizes[1:], strict=True):
        assert layout._arranged(text, "sans", room, size, "start", cut=False) is not None
        assert layout._arranged(text, "sans", room, size + 1, "start", cut=False) is None
    with pytest.raises(TooLongError):
        fit([Paragraph("lamp " * 8000)], "sans", room)


def test_a_mutant_that_does_not_wrap_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "wrap", lambda text, *_, **__: [text])
    with pytest.raises(TooLongError):
        page("the lantern keeper " * 5)
    monkeypatch.setattr(layout, "_inside", lambda block, _: block)
    assert margins_hit(page("the lantern keeper " * 5), PRINT) > 0


def test_a_mutant_that_trusts_the_font_s_metrics_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stacked = "a" + "\u0301" * 12
    assert margins_hit(page(stacked), PRINT) == 0
    monkeypatch.setattr(layout, "_inside", lambda block, _: block)
    assert margins_hit(page(stacked), PRINT) > 0


def test_the_same_key_gives_the_same_pixels() -> None:
    for style in STYLES.values():
        first, again, other = (
            draw_page(paragraphs_of("a lamp"), style, side=96, jitter_key=key) for key in "aab"
        )
        assert first == again
        assert first != other


def test_one_letter_more_is_another_picture() -> None:
    assert page("a lamp") != page("a lamps")


def test_a_page_has_up_to_1024_pixels_a_side() -> None:
    assert page("a lamp", side=1024).pixels.shape == (1024, 1024, 3)
    for side in (63, 1025):
        with pytest.raises(SectowError, match=f"side={side}; a page has 64 to 1024"):
            page("a lamp", side=side)


def test_a_character_without_a_glyph_is_never_a_box() -> None:
    for text in ("lamp \U0001f6d7\u2e80\U00012000", "\ue000", "\ufffe"):
        with pytest.raises(NoGlyphError, match="no font has"):
            page(text)


def test_an_intricate_glyph_is_drawn_in_letters_that_the_rasteriser_can_draw() -> None:
    assert margins_hit(page("a \ufdfd lamp", side=512), PRINT) == 0


def test_controls_are_not_drawn() -> None:
    assert clean(" a\u202e\u0000\x1b[31m\tb\u00a0\r\nc\ud800 ") == "a[31m b \nc"
    assert page("a\u202e lamp\x07") == page("a lamp")
    assert clean("\u200b\u2060") == ""


def test_emoji_keep_their_joiners() -> None:
    (run,) = runs("👩‍🚀", "sans", 0)
    assert "\u200d" in run.text
    assert width("👩‍🚀", Type(size=40)) < 1.5 * width("👩", Type(size=40))


@pytest.mark.parametrize(
    ("text", "base", "visual"),
    [
        ("ab אב cd", 0, ["ab", "אב", "cd"]),
        ("אב ab גד", 1, ["גד", "ab", "אב"]),
        ("אב 12:30 גד", 1, ["גד", "12:30", "אב"]),
        ("ab אב 12 cd", 0, ["ab", "12", "אב", "cd"]),
        ("ab 12", 0, ["ab 12"]),
        ("אב 12", 1, ["12", "אב"]),
    ],
)
def test_runs_are_in_the_order_of_reading(text: str, base: Any, visual: list[str]) -> None:
    parts = [run.text.strip() for run in runs(text, "sans", base)]
    assert [part for part in parts if part] == visual


def test_lines_end_where_a_reader_expects_it() -> None:
    assert pieces("a well-known  lamp") == ("a ", "well-", "known  ", "lamp")
    assert pieces("「灯り」です。") == ("「灯", "り」", "で", "す。")
    kind = Type(size=20)
    assert wrap("one two", kind, width("one", kind) + 1, 0, cut=False) == ["one", "two"]
    assert wrap("lanternlantern", kind, 60, 0, cut=False) is None
    parts = wrap("lanternlantern", kind, 60, 0, cut=True)
    assert parts is not None
    assert "".join(parts) == "lanternlantern"
    assert wrap("lantern", kind, 2, 0, cut=True) is None


def test_a_list_has_its_numbers_and_hangs_behind_them() -> None:
    block = fit(titled_list("Steps", ["", "light the lamp " * 8, ""]), "sans", (200, 200))
    assert [line.text for line in block.lines if line.text.endswith(".")] == ["1.", "2.", "3."]
    lefts = {line.x for line in block.lines if line.text.startswith(("light", "lamp"))}
    assert len(lefts) == 1
    assert lefts.pop() > 0
    hebrew = fit(titled_list("פנס", ["פנס"]), "sans", (200, 200))
    number, item = hebrew.lines[2], hebrew.lines[1]
    assert number.x > item.x


def test_captions_and_flowcharts_stay_between_the_margins() -> None:
    for style in map(quiet, STYLES.values()):
        scene = draw_scene((120, 90), "x")
        text, another = SCRIPTS["arabic"], draw_scene((120, 90), "y")
        caption = draw_caption(scene, text, style, side=160)
        chart = draw_flowchart(["fetch it", "", SCRIPTS["latin"]], style, side=256)
        assert margins_hit(caption, style) == margins_hit(chart, style) == 0
        assert caption != draw_caption(another, text, style, side=160)
    with pytest.raises(TooLongError):
        draw_flowchart(["lamp " * 200] * 4, PRINT, side=160)


def test_missing_fonts_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fonts._chain.cache_clear()
    fonts.face_of.cache_clear()
    monkeypatch.setitem(sys.modules, "manimgx_fonts_cjk", None)
    with pytest.raises(
        MissingExtraError, match=r'manimgx-fonts-cjk.*pip install "sectow\[fonts\]"'
    ):
        page("never drawn before")
