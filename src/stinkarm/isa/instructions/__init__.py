from . import bits, branch, coprocessor, data_processing, divide, exclusive, load_multiple, load_store, memory_hint, multiply, parallel, saturating, status, system, vfp_transfer  # noqa: F401
