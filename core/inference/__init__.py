"""From raw input to predictions by a compiled graph. Light: needs numpy and onnxruntime, nothing more."""

import os

# Else onnxruntime, as it is loaded, opens a database in the home directory and starts a thread that reports its use to
# Microsoft. The directory cannot be written on Lambda, and nobody was asked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
