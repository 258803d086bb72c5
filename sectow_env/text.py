"""What counts as text."""


def is_whole(text: str) -> bool:
    """Whether a text holds no lone surrogate: half of a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
