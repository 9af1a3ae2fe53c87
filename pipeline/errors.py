"""What can go wrong and whose it is to put right.

    UserError            the user can put it right: printed as one line, exit status 1
    ├── InputError       a file that cannot be read as a chat (missing, empty, unknown, ambiguous)
    ├── ConfigError      a setting that is unknown or out of range
    ├── ArchiveError     an archive that is damaged, read-only, or of a newer version
    ├── ModelError       an embedding model or learned weights that are not there or do not fit
    └── DeliveryError    a digest that could not be posted

Everything else is our bug and keeps its traceback. A part of the input that cannot be used is not an
error at all: readers return it as `model.Skipped`.
"""


class UserError(Exception):
    """Something the user can put right; the message says what, where and what to do."""


class InputError(UserError):
    """A file that cannot be read as a chat."""


class ConfigError(UserError):
    """A setting that is unknown or out of range."""


class ArchiveError(UserError):
    """An archive that is damaged, read-only, or written by a newer version."""


class ModelError(UserError):
    """An embedding model or learned weights that are missing or do not fit."""


class DeliveryError(UserError):
    """A digest that could not be delivered."""
