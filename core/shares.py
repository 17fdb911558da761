"""How a share is written in percent, in findings and in reports alike."""


def share(part: float, whole: float) -> str:
    """Format a share in percent: only nothing is 0%, only everything is 100%."""
    if not whole or not part:
        return "0%"
    percent = 100 * part / whole
    if percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.0f}%" if percent >= 99.95 else f"{percent:.1f}%"
