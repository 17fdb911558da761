package regatta

// CommonStatistics is what a column of every type has.
type CommonStatistics struct {
	Type     string `json:"type"`
	Count    int    `json:"count"`
	Missing  int    `json:"missing"`
	Distinct int    `json:"distinct"`
	Unit     string `json:"unit,omitempty"`
}

// NumberStatistics is the figures of a column of numbers; one that does not exist is nil.
type NumberStatistics struct {
	CommonStatistics
	Mean      *float64        `json:"mean"`
	Std       *float64        `json:"std"`
	Min       *float64        `json:"min"`
	Q25       *float64        `json:"q25"`
	Median    *float64        `json:"median"`
	Q75       *float64        `json:"q75"`
	Max       *float64        `json:"max"`
	Skew      *float64        `json:"skew"`
	Kurtosis  *float64        `json:"kurtosis"`
	Zeros     int             `json:"zeros"`
	Negatives int             `json:"negatives"`
	Histogram NumberHistogram `json:"histogram"`
	Outliers  int             `json:"outliers"`
	Sentinels []SentinelCount `json:"sentinels,omitempty"`
}

// BooleanStatistics is how often a column is true and false.
type BooleanStatistics struct {
	CommonStatistics
	True  int `json:"true"`
	False int `json:"false"`
}

// DateStatistics is the figures of a column of dates, which are in ISO 8601.
type DateStatistics struct {
	CommonStatistics
	Min               *string         `json:"min"`
	Max               *string         `json:"max"`
	RangeDays         *float64        `json:"range_days"`
	MedianGapSeconds  *float64        `json:"median_gap_seconds"`
	LargestGapSeconds *float64        `json:"largest_gap_seconds"`
	Histogram         DateHistogram   `json:"histogram"`
	Sentinels         []SentinelCount `json:"sentinels,omitempty"`
}

// CategoryStatistics is the figures of a column of texts.
type CategoryStatistics struct {
	CommonStatistics
	// Top has the most frequent texts, Other the number of rows with another one.
	Top   []LevelCount `json:"top"`
	Other int          `json:"other"`
	// Entropy is in bits.
	Entropy    *float64 `json:"entropy"`
	MeanLength *float64 `json:"mean_length"`
}

// NumberHistogram is counts between edges, which are one more.
type NumberHistogram struct {
	Edges  []float64 `json:"edges"`
	Counts []int     `json:"counts"`
}

// DateHistogram is counts between dates, which are one more.
type DateHistogram struct {
	Edges  []string `json:"edges"`
	Counts []int    `json:"counts"`
}

// LevelCount is how often a text occurs.
type LevelCount struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// LevelMean is the mean target where a column has a text.
type LevelMean struct {
	LevelCount
	Mean float64 `json:"mean"`
}

// SentinelCount is a number or date that may stand for missing, far from all others, and how often it occurs.
type SentinelCount struct {
	Value any `json:"value"`
	Count int `json:"count"`
}

// Profile is the statistics, correlations and findings of a dataset.
type Profile struct {
	FileID        string                      `json:"file_id"`
	Rows          int                         `json:"rows"`
	DuplicateRows int                         `json:"duplicate_rows"`
	Columns       map[string]ColumnStatistics `json:"columns"`
	Correlations  Correlations                `json:"correlations"`
	Missingness   Missingness                 `json:"missingness"`
	Findings      []Finding                   `json:"findings"`
	// Target is nil until Data.Process has chosen one.
	Target *TargetRelations `json:"target"`
}

// Correlations is two matrices over the same columns; nil where a coefficient does not exist.
type Correlations struct {
	Columns  []string     `json:"columns"`
	Pearson  [][]*float64 `json:"pearson"`
	Spearman [][]*float64 `json:"spearman"`
	// Rows is how many rows the ranks are of.
	Rows int `json:"rows"`
}

// Missingness is where values are missing: by column the share in each block of rows.
type Missingness struct {
	Blocks  int                  `json:"blocks"`
	Columns map[string][]float64 `json:"columns"`
}

// TargetRelations is how each column goes with the target.
type TargetRelations struct {
	Target    string              `json:"target"`
	Rows      int                 `json:"rows"`
	Relations map[string]Relation `json:"relations"`
	Findings  []Finding           `json:"findings"`
}

// Relation is how a column goes with the target.
type Relation struct {
	Pearson  *float64 `json:"pearson"`
	Spearman *float64 `json:"spearman"`
	// MutualInformation is in nats.
	MutualInformation *float64     `json:"mutual_information"`
	Curve             []CurvePoint `json:"curve,omitempty"`
	Levels            []LevelMean  `json:"levels,omitempty"`
}

// CurvePoint is the mean target where a column is between two values, which are numbers or dates.
type CurvePoint struct {
	From  any     `json:"from"`
	To    any     `json:"to"`
	Count int     `json:"count"`
	Mean  float64 `json:"mean"`
}

// Outliers is the values of every column of numbers beyond two bounds.
type Outliers struct {
	FileID string `json:"file_id"`
	// Method is iqr or zscore.
	Method    string                    `json:"method"`
	Threshold float64                   `json:"threshold"`
	Columns   map[string]ColumnOutliers `json:"columns"`
}

// ColumnOutliers is the values of a column beyond two bounds; Rows and Values have the first 100.
type ColumnOutliers struct {
	Lower  *float64  `json:"lower"`
	Upper  *float64  `json:"upper"`
	Count  int       `json:"count"`
	Rows   []int     `json:"rows"`
	Values []float64 `json:"values"`
	// Sentinels has values that may stand for missing, which are no outliers.
	Sentinels []float64 `json:"sentinels,omitempty"`
}
