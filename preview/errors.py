"""The one error of a preview."""


class PreviewError(Exception):
    """The preview cannot go on; the message is a line that says where, what and what to do."""
