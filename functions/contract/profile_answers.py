"""What the operations that look at a dataset answer: statistics, findings, relations to the target, outliers."""

from typing import Literal

from pydantic import Field

from core.profiling.outliers import Method as OutlierMethod
from core.severity import Severity
from functions.contract.answer import Answer, absent

FindingKind = Literal[
    # Of the table, and of the order of its rows.
    "nothing-to-learn",
    "few-rows",
    "duplicates",
    "redundant",
    "ordered-in-time",
    # Of a column.
    "empty-column",
    "missing",
    "constant",
    "nearly-constant",
    "identifier",
    "sentinel",
    "zeros",
    "capped",
    "extremes",
    "skew",
    "outliers",
    "mixed-type",
    "free-text",
    "high-cardinality",
    # Of the target.
    "leakage",
    "target-missing",
    "target-few-values",
    "target-skewed",
]


class NumberHistogram(Answer):
    """Counts between edges, which are one more."""

    edges: list[float]
    counts: list[int]


class DateHistogram(Answer):
    """Counts between dates, which are one more."""

    edges: list[str]
    counts: list[int]


class CommonStatistics(Answer):
    """What every type of column has."""

    count: int
    missing: int
    distinct: int
    unit: str | None = absent()


class SentinelCount(Answer):
    """A value that may stand for missing, far from all others, and how often it occurs."""

    value: float | str
    count: int


class NumberStatistics(CommonStatistics):
    """Statistics of a column of numbers; an undefined one is null."""

    type: Literal["integer", "number"]
    mean: float | None
    std: float | None
    min: float | None
    q25: float | None
    median: float | None
    q75: float | None
    max: float | None
    skew: float | None
    kurtosis: float | None
    zeros: int
    negatives: int
    histogram: NumberHistogram
    outliers: int
    sentinels: list[SentinelCount] | None = absent()


class BooleanStatistics(CommonStatistics):
    """How often a column is true and false."""

    type: Literal["boolean"]
    true: int
    false: int


class DateStatistics(CommonStatistics):
    """Statistics of a column of dates."""

    type: Literal["date"]
    min: str | None
    max: str | None
    range_days: float | None
    median_gap_seconds: float | None
    largest_gap_seconds: float | None
    histogram: DateHistogram
    sentinels: list[SentinelCount] | None = absent()


class LevelCount(Answer):
    """How often a text occurs."""

    value: str
    count: int


class CategoryStatistics(CommonStatistics):
    """Statistics of a column of texts."""

    type: Literal["category"]
    top: list[LevelCount]
    other: int = Field(description="rows with other texts than the most frequent ones")
    entropy: float | None = Field(description="in bits")
    mean_length: float | None


ColumnStatistics = NumberStatistics | BooleanStatistics | DateStatistics | CategoryStatistics


class Finding(Answer):
    """One thing that a person should know of a table, with a way out."""

    severity: Severity
    column: str | None
    kind: FindingKind
    finding: str = Field(description="a sentence whose subject is the column, or the table")
    count: int
    rows: list[int] = Field(description="the first of them, as a spreadsheet counts")
    suggestion: str


class Correlations(Answer):
    """Two matrices over the same columns; null where a coefficient is undefined."""

    columns: list[str]
    pearson: list[list[float | None]]
    spearman: list[list[float | None]]
    rows: int = Field(description="how many rows the ranks are of")


class Missingness(Answer):
    """Where values are missing: by column the share in each block of rows."""

    blocks: int
    columns: dict[str, list[float]]


class CurvePoint(Answer):
    """The mean target where a column is between two values."""

    start: float | str = Field(alias="from")
    to: float | str
    count: int
    mean: float


class LevelMean(LevelCount):
    """The mean target where a column has a text."""

    mean: float


class Relation(Answer):
    """How a column goes with the target."""

    pearson: float | None
    spearman: float | None
    mutual_information: float | None = Field(description="in nats")
    curve: list[CurvePoint] | None = absent()
    levels: list[LevelMean] | None = absent()


class TargetRelations(Answer):
    """How each column goes with the target."""

    target: str
    rows: int
    relations: dict[str, Relation]
    findings: list[Finding]


class Profile(Answer):
    """The profile of a dataset."""

    file_id: str
    rows: int
    duplicate_rows: int
    columns: dict[str, ColumnStatistics]
    correlations: Correlations
    missingness: Missingness
    findings: list[Finding]
    target: TargetRelations | None


class ColumnOutliers(Answer):
    """The values of a column beyond two bounds."""

    lower: float | None
    upper: float | None
    count: int
    rows: list[int]
    values: list[float]
    sentinels: list[float] | None = absent("values that may stand for missing, which are no outliers")


class Outliers(Answer):
    """The outliers of every column of numbers."""

    file_id: str
    method: OutlierMethod
    threshold: float
    columns: dict[str, ColumnOutliers]
