"""What goes wrong for the user or the machine -> one line and an exit status."""

import errno

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 75  # exit statuses of every command


class UserError(Exception):
    """Tell the user what to change: one line of value, rule and remedy; exit status 2, no traceback."""

    def __str__(self) -> str:
        """Keep to one line whatever a file or folder is called."""
        return " ".join(super().__str__().splitlines())


def user_error(error: BaseException | None) -> UserError | None:
    """Find the user's error in an exception or behind it: Hydra wraps what a target raises."""
    while error is not None and not isinstance(error, UserError):
        error = error.__cause__
    return error


def system_error(error: BaseException) -> str | None:
    """Tell in one line what the machine is short of; None where it is nothing of the kind."""
    if not isinstance(error, OSError):
        return None
    where = error.filename or "a file"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{where} must be opened, but {error.strerror}. Raise the limit, as by `ulimit -n 4096`."
    if error.errno in (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", None)):
        return f"{where} must be written, but {error.strerror}. Make room, or name another place in paths."
    return None


def innermost(error: BaseException) -> str:
    """Name the innermost error and its first words."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = one_line(error, 200)
    return f"{type(error).__name__}{': ' if text else ''}{text}"


def one_line(error: BaseException, most: int = 120) -> str:
    """Give the beginning of what an error says, in one line of at most so many letters; "" where it says nothing."""
    return " ".join(str(error).split())[:most]


def first_line(error: BaseException) -> str:
    """Give the first line of what an error says; its type where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
