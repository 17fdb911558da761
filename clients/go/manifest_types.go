package regatta

import "time"

// Model is everything that is known of one version of a model: its features, scores, data and the digests of its files.
type Model struct {
	Format            int               `json:"format"`
	ModelName         string            `json:"model_name"`
	Version           int               `json:"version"`
	ModelType         string            `json:"model_type"`
	CreatedAt         time.Time         `json:"created_at"`
	CreatedUs         int               `json:"created_us,omitempty"`
	Target            string            `json:"target_column"`
	Features          []FeatureSchema   `json:"features"`
	TargetFeature     *FeatureSchema    `json:"target,omitempty"`
	DividedBy         *FeatureSchema    `json:"divided_by,omitempty"`
	Metrics           Metrics           `json:"metrics"`
	TrainMetrics      Metrics           `json:"train_metrics,omitempty"`
	Baseline          *Baseline         `json:"baseline,omitempty"`
	CrossValidation   CrossValidation   `json:"cross_validation"`
	IntervalQuantiles []float64         `json:"interval_quantiles,omitempty"`
	SpreadQuantiles   []float64         `json:"spread_quantiles,omitempty"`
	Importance        []Importance      `json:"importance,omitempty"`
	TargetTransform   string            `json:"target_transform,omitempty"`
	Trials            []TrialRecord     `json:"trials,omitempty"`
	Members           []EnsembleMember  `json:"members,omitempty"`
	Race              *SearchRecord     `json:"race,omitempty"`
	Parameters        map[string]any    `json:"parameters"`
	Recipe            Recipe            `json:"recipe"`
	TestSize          float64           `json:"test_size"`
	Validation        *Validation       `json:"validation,omitempty"`
	TrainingSeconds   float64           `json:"training_seconds"`
	LatencyUS         *float64          `json:"latency_us,omitempty"`
	Dataset           TrainedOn         `json:"dataset"`
	Notes             []string          `json:"notes"`
	Libraries         map[string]string `json:"libraries"`
	Graph             StoredFile        `json:"graph"`
	Pickle            StoredFile        `json:"pickle"`
	Evaluation        *StoredFile       `json:"evaluation,omitempty"`
	Artifacts         *string           `json:"artifacts,omitempty"`
	JobID             *string           `json:"job_id,omitempty"`
	Signature         string            `json:"signature,omitempty"`
}

// EnsembleMember is one regressor of an ensemble with its weight. The weights add up to 1.
type EnsembleMember struct {
	ModelType       string          `json:"model_type"`
	Parameters      map[string]any  `json:"parameters"`
	TargetTransform string          `json:"target_transform"`
	Weight          float64         `json:"weight"`
	CrossValidation CrossValidation `json:"cross_validation"`
}

// SearchRecord is the rows, folds and limits of a portfolio search.
type SearchRecord struct {
	RowsCompared int       `json:"rows_compared"`
	RowsLearned  int       `json:"rows_learned"`
	LearnedFold  *int      `json:"learned_fold,omitempty"`
	Folds        int       `json:"folds"`
	Repeats      int       `json:"repeats"`
	MemberBytes  int64     `json:"member_bytes"`
	Scores       []float64 `json:"scores,omitempty"`
	TimeLimit    float64   `json:"time_limit"`
	Seconds      float64   `json:"seconds"`
	Cut          *string   `json:"cut,omitempty"`
}

// TrialRecord is a candidate that was tried for a model.
type TrialRecord struct {
	Parameters      map[string]any `json:"parameters"`
	TargetTransform string         `json:"target_transform,omitempty"`
	Rows            int            `json:"rows"`
	Folds           int            `json:"folds"`
	Mean            *float64       `json:"mean"`
	Std             *float64       `json:"std"`
	Seconds         float64        `json:"seconds"`
	Error           *string        `json:"error,omitempty"`
}

// TrainedOn is the dataset that a model was trained on.
type TrainedOn struct {
	FileID    string   `json:"file_id"`
	Filename  string   `json:"filename"`
	SHA256    string   `json:"sha256"`
	RowsTrain int      `json:"rows_train"`
	RowsTest  int      `json:"rows_test"`
	Earlier   []string `json:"earlier,omitempty"`
	RowsRead  *int     `json:"rows_read,omitempty"`
	InParts   bool     `json:"in_parts,omitempty"`
}

// StoredFile is the size and digest of one file of a model.
type StoredFile struct {
	SizeBytes int64  `json:"size_bytes"`
	SHA256    string `json:"sha256"`
}

// ModelSchema is what a model takes and gives.
type ModelSchema struct {
	ModelName string          `json:"model_name"`
	Version   int             `json:"version"`
	ModelType string          `json:"model_type"`
	Features  []FeatureSchema `json:"features"`
	Output    OutputSchema    `json:"output"`
	Example   ExampleRequest  `json:"example"`
}

// FeatureSchema is a column that a model takes.
type FeatureSchema struct {
	Name string `json:"name"`
	// Type is number, boolean, date or category.
	Type string `json:"type"`
	// Fill replaces a missing value: a number, or the text of a category.
	Fill any `json:"fill"`
	// Levels are the texts of a category that training saw.
	Levels  []string `json:"levels,omitempty"`
	Format  string   `json:"format,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Decimal string   `json:"decimal,omitempty"`
	// Words are those for true and false.
	Words   []string `json:"words,omitempty"`
	Missing []string `json:"missing,omitempty"`
	Keep    []string `json:"keep,omitempty"`
}

// OutputSchema is what a model predicts.
type OutputSchema struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Target string `json:"target_column"`
	// Interval says whether it can predict bounds, and IntervalMethod is "adaptive" where they follow a row's errors.
	Interval       bool     `json:"interval"`
	IntervalMethod string   `json:"interval_method,omitempty"`
	Unit           string   `json:"unit,omitempty"`
	Decimal        string   `json:"decimal,omitempty"`
	Missing        []string `json:"missing,omitempty"`
	Keep           []string `json:"keep,omitempty"`
}

// ExampleRequest is a prediction that works as it stands.
type ExampleRequest struct {
	ModelName string `json:"model_name"`
	Version   int    `json:"version,omitempty"`
	Data      Row    `json:"data"`
}
