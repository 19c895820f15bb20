from . import branch, data_processing, divide, multiply, parallel, saturating, system, vfp_transfer  # noqa: F401
