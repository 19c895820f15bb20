from . import data_processing, divide, multiply, parallel, saturating  # noqa: F401
