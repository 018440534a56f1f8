"""Why a start was refused."""


class CannotStart(Exception):
    """One line for the person at the terminal: what is wrong and what to do about it."""
