"""What counts as text, and how it is shown."""


def is_whole(text: str) -> bool:
    """Whether a text holds no lone surrogate: half of a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(text: str) -> str:
    """The text with control characters in their escaped spelling, so that a terminal shows them."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
