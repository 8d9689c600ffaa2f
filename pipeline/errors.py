"""What ends a build: where, what, and what to do, in the one line that is the last of its log."""

from wpdeploy.errors import WpdeployError


class BuildError(WpdeployError):
    """The build cannot go on."""
