package regatta

import "time"

// DecisionReport is why a file was learned from or not. What does not apply to a decision is nil.
type DecisionReport struct {
	Series    string        `json:"series"`
	CreatedAt time.Time     `json:"created_at"`
	Arrival   Arrival       `json:"arrival"`
	File      *ReportedFile `json:"file"`
	// Before is the version that served before.
	Before *int `json:"before"`
	// Held is what the file says of the one that was held before it.
	Held         *AboutHeld        `json:"held"`
	Schema       *SchemaChanges    `json:"schema"`
	Drift        *Drift            `json:"drift"`
	Plausibility *Plausibility     `json:"plausibility"`
	Learned      *LearnedFrom      `json:"learned"`
	Scores       *Scores           `json:"scores"`
	Notes        []string          `json:"notes"`
	Links        map[string]string `json:"links"`
}

// ReportedFile is the file that a decision is about.
type ReportedFile struct {
	FileSummary
	Warnings []string `json:"warnings"`
}

// AboutHeld is what a file says of the one that was held before it.
type AboutHeld struct {
	JobID     string `json:"job_id"`
	Confirmed bool   `json:"confirmed"`
	Why       string `json:"why"`
}

// SchemaChanges is how the columns of a file differ from those that the model takes.
type SchemaChanges struct {
	Missing        []string        `json:"missing"`
	New            []string        `json:"new"`
	Retyped        []RetypedColumn `json:"retyped"`
	Contradictions []Contradiction `json:"contradictions,omitempty"`
	Unseen         []UnseenLevels  `json:"unseen"`
}

// RetypedColumn is a column of another type than the model's.
type RetypedColumn struct {
	Name string `json:"name"`
	Was  string `json:"was"`
	Is   string `json:"is"`
	// Usable says whether the model can take it all the same; if not, Example is a text that it cannot.
	Usable  bool   `json:"usable"`
	Example string `json:"example,omitempty"`
}

// Contradiction is a column with texts that can only be read in another way than the series reads it.
type Contradiction struct {
	Name string `json:"name"`
	// Line and Text are the first of them, Rows how many rows have one.
	Line      int    `json:"line"`
	Text      string `json:"text"`
	Rows      int    `json:"rows"`
	ReadAs    string `json:"read_as"`
	Otherwise string `json:"otherwise"`
	// Setting is the setting of the series that may settle it, nil where none does.
	Setting *string `json:"setting"`
}

// UnseenLevels are texts of a column that the model was not trained on.
type UnseenLevels struct {
	Name   string   `json:"name"`
	Levels []string `json:"levels"`
	Rows   int      `json:"rows"`
}

// Drift is how far the columns are from the rows that the champion was trained on, the target first.
type Drift struct {
	ReferenceRows int           `json:"reference_rows"`
	Rows          int           `json:"rows"`
	Columns       []ColumnDrift `json:"columns"`
}

// ColumnDrift is how far one column is from the rows that the champion was trained on.
type ColumnDrift struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Role is target or feature.
	Role string `json:"role"`
	// PSI is the population stability index, Level what it amounts to: none, moderate or large.
	PSI    float64     `json:"psi"`
	Level  string      `json:"level"`
	Shares DriftShares `json:"shares"`
	// KS is the statistic of Kolmogorov and Smirnov, of numbers, and KSCritical its critical value.
	KS         *float64  `json:"ks"`
	KSCritical *float64  `json:"ks_critical"`
	Bins       DriftBins `json:"bins"`
}

// DriftBins are the bins that rows are counted in: numbers have edges, texts have levels.
type DriftBins struct {
	Edges []float64 `json:"edges,omitempty"`
	// Missing says whether the last bin has the missing values.
	Missing bool     `json:"missing,omitempty"`
	Levels  []string `json:"levels,omitempty"`
}

// DriftShares are the shares of the rows in each bin.
type DriftShares struct {
	Reference []float64 `json:"reference"`
	Current   []float64 `json:"current"`
}

// Plausibility has the champion's errors on the file beside those that were to be expected.
type Plausibility struct {
	Rows int `json:"rows"`
	// Outside is the share of rows further off than nine tenths of the champion's own rows, Far that of rows further off
	// than all of them.
	Outside      float64 `json:"outside"`
	OutsideLimit float64 `json:"outside_limit"`
	Far          float64 `json:"far"`
	MSE          float64 `json:"mse"`
	PromisedMSE  float64 `json:"promised_mse"`
	MeanMSE      float64 `json:"mean_mse"`
	// Reasons are what is out of all proportion; empty for a file that is like the others.
	Reasons []string `json:"reasons"`
}

// LearnedFrom is what the new version was trained on.
type LearnedFrom struct {
	// Mode is race, append or replace.
	Mode  string   `json:"mode"`
	Files []string `json:"files"`
	Rows  int      `json:"rows"`
}

// Scores are the metrics of the models, and of the mean, on the same rows.
type Scores struct {
	Rows       int     `json:"rows"`
	Challenger Metrics `json:"challenger"`
	Mean       Metrics `json:"mean"`
	// Champion and Difference are those of every file but the first.
	Champion   Metrics          `json:"champion,omitempty"`
	Difference *ScoreDifference `json:"difference,omitempty"`
}

// ScoreDifference is how much larger the challenger's error is than the champion's, as a fraction; nil where that has
// none.
type ScoreDifference struct {
	Rows      int      `json:"rows"`
	Value     *float64 `json:"value"`
	Lower     *float64 `json:"lower"`
	Upper     *float64 `json:"upper"`
	Tolerance float64  `json:"tolerance"`
}
