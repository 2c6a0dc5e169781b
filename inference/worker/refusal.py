"""Why a worker does not start."""


class Refusal(Exception):
    """The worker must not or cannot start. The message is a sentence for the operator, without the key."""
