"""What Regatta knows: tables, models, predictions and where they are kept. No web framework, no Lambda event."""
