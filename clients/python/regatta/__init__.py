"""A client of Regatta, sync and async: upload a file, train a model, predict.

    from regatta import Regatta

    with Regatta("http://127.0.0.1:8000") as client:
        client.data.upload("concrete.csv")
        model = client.models.train("ridge", "strength")
        print(client.predict.row({"cement": 540.0, "age": 28}, model=model).prediction)

`regatta.errors` has the exceptions, `regatta.answers` the types of the answers. Importing this package loads neither
pandas nor numpy, nor the service's own code.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regatta._async.client import AsyncRegatta
    from regatta._sync.client import Regatta
    from regatta.answers import (
        Comparison,
        Dataset,
        Job,
        Model,
        Series,
    )
    from regatta.errors import RegattaError
    from regatta.predictions import Prediction, Predictions
    from regatta.retries import Retries

# The client and the service have one version. A test compares it with the service's own.
__version__ = "0.2.0"

__all__ = [
    "AsyncRegatta",
    "Comparison",
    "Dataset",
    "Job",
    "Model",
    "Prediction",
    "Predictions",
    "Regatta",
    "RegattaError",
    "Retries",
    "Series",
    "__version__",
]

# Where each name is, so that `import regatta` alone loads nothing. `regatta.local` needs no httpx.
_PLACES = {
    "AsyncRegatta": "regatta._async.client",
    "Prediction": "regatta.predictions",
    "Predictions": "regatta.predictions",
    "Regatta": "regatta._sync.client",
    "RegattaError": "regatta.errors",
    "Retries": "regatta.retries",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_PLACES.get(name, "regatta.answers"))
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise ModuleNotFoundError(
            "The client of Regatta needs httpx: pip install 'regatta[client]'", name="httpx"
        ) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
