"""The part of ctypes that stinkarm uses, under the same names, without its import.

`import ctypes` makes all its types and loads helpers, which takes longer than a small guest runs. The types and
functions here are made from the same extension module, `_ctypes`; where that has changed, ctypes itself is taken.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import (
        CDLL,
        CFUNCTYPE,
        Array,
        PyDLL,
        addressof,
        byref,
        c_char,
        c_char_p,
        c_int,
        c_int64,
        c_long,
        c_size_t,
        c_ssize_t,
        c_ubyte,
        c_uint64,
        c_ulong,
        c_void_p,
        create_string_buffer,
        get_errno,
        memmove,
    )

    __all__ = [
        "CDLL",
        "CFUNCTYPE",
        "Array",
        "PyDLL",
        "addressof",
        "byref",
        "c_char",
        "c_char_p",
        "c_int",
        "c_int64",
        "c_long",
        "c_size_t",
        "c_ssize_t",
        "c_ubyte",
        "c_uint64",
        "c_ulong",
        "c_void_p",
        "create_string_buffer",
        "get_errno",
        "memmove",
    ]
else:
    try:
        from _ctypes import (
            FUNCFLAG_CDECL,
            FUNCFLAG_PYTHONAPI,
            FUNCFLAG_USE_ERRNO,
            Array,
            CFuncPtr,
            _memmove_addr,
            _SimpleCData,
            addressof,
            byref,
            dlopen,
            dlsym,
            get_errno,
        )
    except ImportError:
        from ctypes import *  # noqa: F403
        from ctypes import Array, get_errno
    else:

        class c_char(_SimpleCData):
            _type_ = "c"

        class c_char_p(_SimpleCData):
            _type_ = "z"

        class c_ubyte(_SimpleCData):
            _type_ = "B"

        class c_int(_SimpleCData):
            _type_ = "i"

        class c_long(_SimpleCData):
            _type_ = "l"

        class c_ulong(_SimpleCData):
            _type_ = "L"

        class c_void_p(_SimpleCData):
            _type_ = "P"

        # On x86-64 Linux, as ctypes has them there.
        c_int64 = c_ssize_t = c_long
        c_uint64 = c_size_t = c_ulong

        def CFUNCTYPE(restype, *argtypes):
            """Make the type of C functions that return `restype` and take `argtypes`."""

            class Function(CFuncPtr):
                _flags_ = FUNCFLAG_CDECL
                _restype_ = restype
                _argtypes_ = argtypes

            return Function

        memmove = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t)(_memmove_addr)

        class CDLL:
            """A loaded library whose functions are attributes; None is the process itself."""

            _flags = FUNCFLAG_CDECL

            def __init__(self, name, *, use_errno=False):
                flags = self._flags | (FUNCFLAG_USE_ERRNO if use_errno else 0)

                class Function(CFuncPtr):
                    _flags_ = flags
                    _restype_ = c_int

                self._function = Function
                self._handle = dlopen(name, 0)

            def __getattr__(self, name):
                function = self._function(dlsym(self._handle, name))
                setattr(self, name, function)
                return function

        class PyDLL(CDLL):
            """The same, for functions that are called without releasing the GIL."""

            _flags = FUNCFLAG_CDECL | FUNCFLAG_PYTHONAPI

        def create_string_buffer(init, size=None):
            """Make an array of bytes from a size, or from bytes and a zero byte."""
            if isinstance(init, int):
                return (c_char * init)()
            buffer = (c_char * (len(init) + 1 if size is None else size))()
            buffer.value = init
            return buffer
