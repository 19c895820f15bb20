"""Who is told what becomes of hot code."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .perf_map import PerfMap


class Watch:
    """`say` takes a line of the log, `dump` what a region becomes: `kinds` of regions, ir, opt, asm."""

    __slots__ = ("dump", "kinds", "perf_map", "say")

    def __init__(
        self,
        say: Callable[[str], None] | None = None,
        dump: Callable[[str], None] | None = None,
        kinds: list[str] | None = None,
        perf_map: PerfMap | None = None,
    ) -> None:
        self.say = say
        self.dump = dump
        self.kinds = kinds or []
        self.perf_map = perf_map
