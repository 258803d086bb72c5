"""What counts as text, and how it is shown."""


def is_whole(text: str) -> bool:
    """Whether a text is free of unpaired surrogates, which no file can contain."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(text: str) -> str:
    """The text with control characters in their escaped spelling, so that a terminal shows them."""
    return "".join(
        character if character.isprintable() or character == "\n" else repr(character)[1:-1]
        for character in text
    )
