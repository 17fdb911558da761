"""The parts of a decision report: what was found about a file of a series, and how the models compare."""

from typing import Literal

from pydantic import Field

from core.model_manifest import Metrics
from core.storage.series_repository import Mode
from core.types import ColumnType
from functions.contract.answer import Answer, FeatureType, absent


class AboutHeld(Answer):
    """What a file says of the one that was held before it."""

    job_id: str
    confirmed: bool
    why: str


class RetypedColumn(Answer):
    """A column of another type than the model's."""

    name: str
    was: FeatureType
    is_: ColumnType = Field(alias="is")
    usable: bool
    example: str | None = absent("a text that cannot be read as the model reads the column")


class Contradiction(Answer):
    """A column with texts that can only be read in another way than the series reads it."""

    name: str
    line: int = Field(description="of the first such text")
    text: str
    rows: int
    read_as: str
    otherwise: str
    setting: str | None = Field(description="the setting of the series that may settle it")


class UnseenLevels(Answer):
    """Texts of a column that the model was not trained on."""

    name: str
    levels: list[str]
    rows: int


class SchemaChanges(Answer):
    """How the columns of a file differ from those that the model takes."""

    missing: list[str]
    new: list[str]
    retyped: list[RetypedColumn]
    contradictions: list[Contradiction] | None = absent()
    unseen: list[UnseenLevels]


class DriftBins(Answer):
    """The bins that rows are counted in: numbers have edges, texts have levels."""

    edges: list[float] | None = absent("of tenths of the reference, which are one less")
    missing: bool | None = absent("whether the last bin has the missing values")
    levels: list[str] | None = absent()


class DriftShares(Answer):
    """The share of the rows in each bin."""

    reference: list[float]
    current: list[float]


class ColumnDrift(Answer):
    """How far a column is from the rows that the champion was trained on."""

    name: str
    type: FeatureType
    role: Literal["target", "feature"]
    psi: float = Field(description="the population stability index")
    level: Literal["none", "moderate", "large"]
    shares: DriftShares
    ks: float | None = Field(description="the statistic of Kolmogorov and Smirnov, of numbers")
    ks_critical: float | None
    bins: DriftBins


class Drift(Answer):
    """How far the columns are from the rows that the champion was trained on, the target first."""

    reference_rows: int
    rows: int
    columns: list[ColumnDrift]


class Plausibility(Answer):
    """The champion's errors on the file beside those that were to be expected."""

    rows: int
    outside: float = Field(description="share of rows further off than nine tenths of the champion's own rows")
    outside_limit: float
    far: float = Field(description="share of rows further off than all of the champion's own rows")
    mse: float
    promised_mse: float = Field(description="of the champion's folds")
    mean_mse: float = Field(description="of the mean of the file")
    reasons: list[str]


class LearnedFrom(Answer):
    """What the new version was trained on."""

    mode: Literal["race", Mode]
    files: list[str]
    rows: int


class ScoreDifference(Answer):
    """How much larger the challenger's error is than the champion's, as a fraction; null where that has none."""

    rows: int
    value: float | None
    lower: float | None
    upper: float | None
    tolerance: float


class Scores(Answer):
    """The metrics of the models, and of the mean, on the same rows."""

    rows: int
    challenger: Metrics
    mean: Metrics | None
    champion: Metrics | None = absent("of every file but the first")
    difference: ScoreDifference | None = absent("of every file but the first")
