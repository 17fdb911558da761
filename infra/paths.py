"""Where the checkout lies that this code is part of."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
