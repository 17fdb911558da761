"""The context that Lambda hands to a handler."""


class LambdaContext:
    """The context of an invocation that has `seconds` left."""

    def __init__(self, seconds: float = 900) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left, as Lambda's own context does."""
        return round(1000 * self.seconds)
