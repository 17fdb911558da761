"""What Regatta knows: tables, models, predictions and where they are kept. No web framework, no Lambda event."""

__version__ = "0.2.0"
