"""What happens when the next CSV of a series has arrived: judged, learned from, promoted or not, and reported."""
