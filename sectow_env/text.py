"""What counts as text, and how it is shown."""


def is_whole(text: str) -> bool:
    """Whether a text is free of unpaired surrogates, which no file can contain."""
    return flaw_of(text) is None


def flaw_of(text: str) -> str | None:
    """The first unpaired surrogate of a text and its place, in words; None for a whole text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = error.start
        return f"the unpaired surrogate {text[place]!a} at character {place + 1} of {len(text)}"
    return None


def escaped(text: str) -> str:
    """The text with control characters in their escaped spelling, so that a terminal shows them."""
    return "".join(
        character if character.isprintable() or character == "\n" else repr(character)[1:-1]
        for character in text
    )
