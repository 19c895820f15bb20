"""Write the native interpreter as one LLVM module: a handler for each distinct traced meaning, and the
decoder that fills code-table entries, all derived from the declarations.

Each encoding is traced (isa/fields.py): every combination of answers to the questions its
declaration asks about fields gives one handler. Handlers with the same text are one handler.
"""

from __future__ import annotations

from ..guest.state import OFFSETS
from ..isa.declare import CONTEXT, V8, Encoding
from ..isa.decode import Decoder, Node
from ..isa.fields import Field, Number, Path, trace
from ..isa.tables import TABLES
from .direct import system_call
from .emit import ADVANCE, PARAMETERS, HandlerBuilder, condition_ir
from .floating_routines import floating_text
from .layout import ENTRY_SIZE
from .runtime import ALWAYS, DECODE_T32_BLOCK, END, FAULT, FINISH, RUNTIME, condition_handlers, decode_handler
from .traps import TRAPS

_DECODING = "ptr %ip, i32 %pc, i32 %word, i32 %it, ptr %st"


class Leaf:
    """One traced outcome of an encoding: its handler and where the handler's operands go."""

    def __init__(self, handler: str, layout: list[tuple[Field, int, int]]) -> None:
        self.handler = handler
        self.layout = layout


class Generator:
    """Collects handlers and decoder functions."""

    def __init__(self, decoder: Decoder, *, fma: bool = True) -> None:
        self.decoder = decoder
        self.fma = fma  # the host has FMA instructions
        self.handlers: dict[str, str] = {}  # text -> name
        self.decoders: list[str] = []
        self.undefined = self._handler(self._undefined())

    def _handler(self, builder: HandlerBuilder) -> str:
        text = builder.text()
        name = self.handlers.get(text)
        if name is None:
            name = self.handlers[text] = f"h{len(self.handlers)}"
        return name

    @staticmethod
    def _undefined() -> HandlerBuilder:
        builder = HandlerBuilder(thumb=0, length=4)
        builder.undefined()
        return builder

    def leaves(self, encoding: Encoding) -> list[tuple[Path, Leaf | None]]:
        """Trace one encoding; None stands for an UNDEFINED word."""
        widths = {name: width for name, (_, width) in encoding.pattern.fields.items()} | CONTEXT
        fields: dict[str, Number] = {name: Field.named(name, width) for name, width in widths.items()}
        if not encoding.thumb:
            fields["in_it"] = fields["mid_it"] = 0

        def run() -> Leaf | None:
            length = None if encoding.shared else encoding.length
            builder = HandlerBuilder(thumb=int(encoding.thumb), length=length)
            values = encoding.arguments(fields)
            if encoding.is_undefined(values):
                return None
            inline: int | None = None
            if encoding.conditional and encoding.instruction.inline_condition:
                inline = next((c for c in range(ALWAYS) if values["cond"] == c), None)
            if encoding.is_unpredictable(values):
                builder.undefined()
            elif inline is None:
                encoding.execute(builder, values)
            else:
                builder.when(condition_ir(builder, inline), lambda: encoding.execute(builder, values))
            return Leaf(self._handler(builder), builder.layout())

        return list(trace(run, widths))

    # Decoder text

    def encoding_function(self, encoding: Encoding) -> None:
        """Add `@d_<id>`: fill the entry of a word known to have this encoding."""
        text = _Text()
        if encoding.extension == V8:
            self._need_v8(text)
        for name, (lsb, width) in encoding.pattern.fields.items():
            shifted = text.new(f"lshr i32 %word, {lsb}") if lsb else "%word"
            text.fields[name] = text.new(f"and i32 {shifted}, {(1 << width) - 1}")
        text.fields["pc"] = "%pc"
        if encoding.thumb:
            active = text.new("and i32 %it, 15")
            text.fields["in_it"] = text.new(f"zext i1 {text.new(f'icmp ne i32 {active}, 0')} to i32")
            rest = text.new("and i32 %it, 7")
            text.fields["mid_it"] = text.new(f"zext i1 {text.new(f'icmp ne i32 {rest}, 0')} to i32")
        text.fields[ADVANCE.operands[0]] = str(ENTRY_SIZE * (encoding.length // 2 if encoding.thumb else 1))
        self._decision(text, encoding, self.leaves(encoding), 0)
        body = "\n".join(text.lines)
        self.decoders.append(f'define internal void @"d_{encoding.id}"({_DECODING}) #1 {{\n{body}\n}}\n')

    def _need_v8(self, text: _Text) -> None:
        pointer = text.new(f"getelementptr inbounds i8, ptr %st, i64 {OFFSETS['v8']}")
        absent = text.new(f"icmp eq i32 {text.new(f'load i32, ptr {pointer}, align 4')}, 0")
        undefined, go_on = text.label(), text.label()
        text.do(f"br i1 {absent}, label %{undefined}, label %{go_on}")
        text.begin(undefined)
        self._undefined_word(text)
        text.begin(go_on)

    def _decision(self, text: _Text, encoding: Encoding, paths: list[tuple[Path, Leaf | None]], depth: int) -> None:
        path, leaf = paths[0]
        if len(paths) == 1:
            if leaf is None:
                self._undefined_word(text)
            else:
                self._pack(text, encoding, leaf)
            return
        question = path[depth][0]
        yes, no = text.label(), text.label()
        truth = text.new(f"icmp ne i32 {text.number(question)}, 0")
        text.do(f"br i1 {truth}, label %{yes}, label %{no}")
        known = dict(text.known)
        for label, outcome in ((yes, True), (no, False)):
            text.begin(label)
            text.known = dict(known)
            self._decision(text, encoding, [p for p in paths if p[0][depth][1] is outcome], depth + 1)

    def _pack(self, text: _Text, encoding: Encoding, leaf: Leaf) -> None:
        for field, size, offset in leaf.layout:
            value = text.number(field)
            if size < 4:
                value = text.new(f"trunc i32 {value} to i{size * 8}")
            pointer = text.new(f"getelementptr inbounds i8, ptr %ip, i64 {offset}")
            text.do(f"store i{size * 8} {value}, ptr {pointer}, align {size}")
        advance = ENTRY_SIZE * (2 if encoding.thumb and encoding.length == 4 else 1)
        inline = encoding.instruction.inline_condition and encoding.conditional
        if encoding.unconditional:
            cond = str(ALWAYS)
        elif encoding.thumb:
            cond = text.new("lshr i32 %it, 4")
            if encoding.conditional and not inline:
                cond = text.fields["cond"]
            elif not encoding.conditional or inline:
                outside = text.new("icmp eq i32 %it, 0")
                cond = text.new(f"select i1 {outside}, i32 {ALWAYS}, i32 {cond}")
        elif encoding.conditional and not inline:
            cond = text.fields["cond"]
        else:
            cond = str(ALWAYS)
        it = "%it" if encoding.thumb else "0"
        text.do(
            f"call void @finish(ptr %ip, ptr @{leaf.handler}, i32 {cond}, i32 {it}, i32 {advance // ENTRY_SIZE - 1})"
        )
        text.do("ret void")

    def tree_function(self, space: str) -> str:
        """Return `@decode_<space>`: find the encoding of a word and fill the entry."""
        text = _Text()
        self._switch(text, self.decoder.tree(space))
        body = "\n".join(text.lines)
        return f"define internal void @decode_{space}({_DECODING}) #0 {{\n{body}\n}}\n"

    def _switch(self, text: _Text, node: Node) -> None:
        if not node.mask:
            for encoding in node.encodings:
                bits = text.new(f"and i32 %word, {encoding.pattern.mask}")
                same = text.new(f"icmp eq i32 {bits}, {encoding.pattern.value}")
                yes, no = text.label(), text.label()
                text.do(f"br i1 {same}, label %{yes}, label %{no}")
                text.begin(yes)
                text.do(f'call void @"d_{encoding.id}"({_DECODING})')
                text.do("ret void")
                text.begin(no)
            self._undefined_word(text)
            return
        bits = text.new(f"and i32 %word, {node.mask}")
        labels = {value: text.label() for value in node.children}
        other = text.label()
        cases = " ".join(f"i32 {value}, label %{label}" for value, label in labels.items())
        text.do(f"switch i32 {bits}, label %{other} [ {cases} ]")
        for value, child in node.children.items():
            text.begin(labels[value])
            self._switch(text, child)
        text.begin(other)
        self._undefined_word(text)

    def _undefined_word(self, text: _Text) -> None:
        text.do(f"call void @finish(ptr %ip, ptr @{self.undefined}, i32 {ALWAYS}, i32 %it, i32 0)")
        text.do("ret void")

    def module(self) -> str:
        """Return the whole module."""
        for members in self.decoder.spaces.values():
            for encoding in members:
                self.encoding_function(encoding)
        trees = [self.tree_function(space) for space in self.decoder.spaces]
        handlers = [
            f"define internal preserve_nonecc void @{name}({PARAMETERS}) #0 align 16 {{\n{body}}}\n"
            for body, name in self.handlers.items()
        ]
        return "\n".join(
            [
                RUNTIME,
                *_tables(),
                decode_handler(),
                decode_handler(again=True),
                *condition_handlers(),
                system_call(),
                FINISH,
                DECODE_T32_BLOCK,
                floating_text(fma=self.fma),
                *handlers,
                *self.decoders,
                *trees,
                FAULT,
                TRAPS,
                END,
            ]
        )


def _tables() -> list[str]:
    """Return the tables that handlers look up."""
    texts = []
    for name, (width, entries) in TABLES.items():
        items = ", ".join(f"i{width} {entry}" for entry in entries)
        texts.append(f"@table_{name} = internal constant [{len(entries)} x i{width}] [ {items} ], align 64")
    return texts


class _Text:
    """Lines of one decoder function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.fields: dict[str, str] = {}
        self.known: dict[object, str] = {}
        self._names = 0

    def new(self, text: str) -> str:
        self._names += 1
        self.lines.append(f"  %x{self._names} = {text}")
        return f"%x{self._names}"

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self) -> str:
        self._names += 1
        return f"L{self._names}"

    def begin(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def number(self, number: Number) -> str:
        """Emit a decode-time number as an i32."""
        if isinstance(number, int):
            return str(number & 0xFFFFFFFF)
        if number.op == "field":
            return self.fields[number.operands[0]]
        name = self.known.get(number.key)
        if name is None:
            a, b = (self.number(o) for o in number.operands)
            name = self.known[number.key] = self._operation(number, a, b)
        return name

    def _operation(self, number: Field, a: str, b: str) -> str:
        op = number.op
        if op == "popcount":
            return self.new(f"call i32 @llvm.ctpop.i32(i32 {a})")
        if op in ("eq", "ne", "ult", "ule"):
            return self.new(f"zext i1 {self.new(f'icmp {op} i32 {a}, {b}')} to i32")
        if op in ("shl", "lshr"):
            shifted = self.new(f"{op} i32 {a}, {b}")
            if isinstance(number.operands[1], int) and number.operands[1] < 32:
                return shifted
            small = self.new(f"icmp ult i32 {b}, 32")
            return self.new(f"select i1 {small}, i32 {shifted}, i32 0")
        return self.new(f"{op} i32 {a}, {b}")
