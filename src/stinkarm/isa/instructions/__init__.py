from . import bits, branch, data_processing, divide, load_store, memory_hint, multiply, parallel, saturating, status, system, vfp_transfer  # noqa: F401
