"""Show text that a guest chose."""


def quote(text: str) -> str:
    """Put text that a guest chose into double quotes, with nothing in it that a terminal would obey."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else _escape(c) for c in text) + '"'


def _escape(character: str) -> str:
    return "\\" + character if character in '"\\' else repr(character)[1:-1]
