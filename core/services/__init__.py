"""The use cases, one module each. Each sub-package is either light or heavy as a whole."""
