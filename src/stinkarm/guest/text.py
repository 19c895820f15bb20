"""Show text that a guest, or who named a file, chose."""


def quote(text: str) -> str:
    """Put text into double quotes, with nothing in it that a terminal would obey."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else _escape(c) for c in text) + '"'


def shown(text: str) -> str:
    """Give text as it is, or quoted when a terminal would obey something in it."""
    return text if text.isprintable() else quote(text)


def shell_word(text: str) -> str:
    """Write text as one word of a POSIX shell, in which nothing is obeyed by the shell or by a terminal."""
    if text and all(c.isascii() and (c.isalnum() or c in "%+,-./:=@_") for c in text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "'\\''") + "'"
    # Shells that do not know $'...' take it for other text, and obey none of it either: there is no quote inside.
    plain = (c if c.isascii() and (c.isalnum() or c in "+,-./:=@_ ") else _bytes(c) for c in text)
    return "$'" + "".join(plain) + "'"


def _bytes(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8 (os.fsdecode)
        return f"\\x{ord(character) - 0xDC00:02x}"
    return repr(character)[1:-1]
