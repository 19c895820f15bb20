from . import data_processing  # noqa: F401
