"""From a recipe to fitted transforms: columns, dates, categories and the target."""
