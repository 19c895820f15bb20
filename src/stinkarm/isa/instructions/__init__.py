from . import bits, branch, data_processing, divide, multiply, parallel, saturating, status, system, vfp_transfer  # noqa: F401
