"""Show text that a guest, or who named a file, chose."""


def quote(text: str) -> str:
    """Put text into double quotes, with nothing in it that a terminal would obey."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else _escape(c) for c in text) + '"'


def shown(text: str) -> str:
    """Give text as it is, or quoted when a terminal would obey something in it."""
    return text if text.isprintable() else quote(text)


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8 (os.fsdecode)
        return f"\\x{ord(character) - 0xDC00:02x}"
    return repr(character)[1:-1]
