"""What the service answers, as small frozen dataclasses.

A class has the fields that one usually needs. `raw` is the whole answer, with the fields of a newer service too, and
`answer["name"]` reads one of them.
"""

from regatta.answers.answer import Answer
from regatta.answers.data import Dataset, DatasetRows, FileStatus, Outliers, Preview, Processed, Profile
from regatta.answers.jobs import Job
from regatta.answers.models import Comparison, LeaderboardRow, Metrics, Model, ModelSchema, Regressor
from regatta.answers.series import Arrival, Series
from regatta.answers.system import Status

__all__ = [
    "Answer",
    "Arrival",
    "Comparison",
    "Dataset",
    "DatasetRows",
    "FileStatus",
    "Job",
    "LeaderboardRow",
    "Metrics",
    "Model",
    "ModelSchema",
    "Outliers",
    "Preview",
    "Processed",
    "Profile",
    "Regressor",
    "Series",
    "Status",
]
