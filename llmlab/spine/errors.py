"""Errors a user can mend."""


class UserError(Exception):
    """What is wrong, what exists instead, and the command that fixes it.

    The command line prints the three parts without a traceback and exits with 2; a notebook shows them in the cell's place for errors.
    """

    def __init__(self, wrong, instead, fix):
        super().__init__(f"{wrong}\n  instead: {instead}\n  fix:     {fix}")
        self.wrong, self.instead, self.fix = wrong, instead, fix

    def _render_traceback_(self):
        """What IPython shows: where in the code it was noticed helps nobody who mistyped a parameter."""
        return str(self).splitlines()


class Diverged(UserError):
    """Training that ran away. To whoever trains it is an error that they can mend, to a trial it is an outcome."""
