"""Draws the pictures of the pack `lantern_shop.jsonl`; run it to get the same pixels again."""

from pathlib import Path

from sectow_env.images.typography import draw_words

WORDS = {
    "cellar_door": ("cellar", "door"),
    "blue_oil": ("blue", "oil"),
    "moth_lamp": ("moth", "lamp"),
}


def main() -> None:
    """Write one PNG a picture beside this file."""
    folder = Path(__file__).parent / "images"
    folder.mkdir(exist_ok=True)
    for name, words in WORDS.items():
        (folder / f"{name}.png").write_bytes(draw_words(words, jitter_key="lantern_shop").png)


if __name__ == "__main__":
    main()
