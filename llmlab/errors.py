"""Errors a user can mend."""


class UserError(Exception):
    """What is wrong, what exists instead, and the command that fixes it.

    The command line prints the three parts without a traceback and exits with 2; in a notebook they end the cell.
    """

    def __init__(self, wrong, instead, fix):
        super().__init__(f"{wrong}\n  instead: {instead}\n  fix:     {fix}")
        self.wrong, self.instead, self.fix = wrong, instead, fix
