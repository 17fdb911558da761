package regatta

import (
	"encoding/json"
	"math"
	"time"
)

// Metrics has figures of a model by name: r2, rmse, mae and others. One that does not exist is nil.
type Metrics map[string]*float64

// Get returns a figure, NaN where it does not exist.
func (m Metrics) Get(name string) float64 {
	if value := m[name]; value != nil {
		return *value
	}
	return math.NaN()
}

// R2 returns the coefficient of determination.
func (m Metrics) R2() float64 { return m.Get("r2") }

// CrossValidation is R2 of each fold, their mean and their standard deviation.
type CrossValidation struct {
	Scores []float64 `json:"scores"`
	Mean   float64   `json:"mean"`
	// Std is nil where there is one fold.
	Std *float64 `json:"std"`
}

// Validation is how rows were divided into train rows and test rows, and by which column.
type Validation struct {
	// Kind is random, time or group.
	Kind   string  `json:"kind"`
	Column *string `json:"column"`
}

// Baseline is how good it would be to predict the mean target of the train rows for every row.
type Baseline struct {
	Metrics         Metrics         `json:"metrics"`
	CrossValidation CrossValidation `json:"cross_validation"`
}

// Importance is how much R2 falls when a column is shuffled: the mean and standard deviation over several shuffles.
type Importance struct {
	Feature string  `json:"feature"`
	Mean    float64 `json:"mean"`
	Std     float64 `json:"std"`
}

// ModelResult is a version of a model with its scores.
type ModelResult struct {
	ModelName string `json:"model_name"`
	Version   int    `json:"version"`
	ModelType string `json:"model_type"`
	// Metrics are measured on rows that the model never saw.
	Metrics         Metrics         `json:"metrics"`
	TrainMetrics    Metrics         `json:"train_metrics"`
	Baseline        *Baseline       `json:"baseline"`
	CrossValidation CrossValidation `json:"cross_validation"`
	Validation      Validation      `json:"validation"`
	TrainingSeconds float64         `json:"training_seconds"`
	// LatencyUS is the microseconds for one row in the compiled graph.
	LatencyUS *float64 `json:"latency_us"`
	// SizeBytes is that of the compiled graph.
	SizeBytes int64 `json:"size_bytes"`
}

// Trained is a new version of a model.
type Trained struct {
	ModelResult
	Target          string         `json:"target_column"`
	Importance      []Importance   `json:"importance"`
	TargetTransform string         `json:"target_transform"`
	Parameters      map[string]any `json:"parameters"`
	Warnings        []string       `json:"warnings"`
	// ModelData is the signed model itself, where Train.ReturnModel asked for it.
	ModelData string `json:"model_data,omitempty"`
}

// ModelMetrics is how good a version is.
type ModelMetrics struct {
	ModelResult
	Plots *EvaluationPlots `json:"plots,omitempty"`
	// Segments has the error by the prediction, and by the columns where it differs most.
	Segments []ErrorSegments `json:"segments,omitempty"`
}

// ErrorSegments is the error in the segments of a column, or, where Feature is nil, of the prediction itself.
type ErrorSegments struct {
	Feature  *string        `json:"feature"`
	Segments []ErrorSegment `json:"segments"`
}

// ErrorSegment is a segment of the rows that the model never saw, with their error.
type ErrorSegment struct {
	// Kind is range, level, others or missing.
	Kind string `json:"kind"`
	// Low and High are the ends of a range: numbers, or dates in ISO 8601.
	Low       any     `json:"low,omitempty"`
	High      any     `json:"high,omitempty"`
	Value     *string `json:"value,omitempty"`
	Rows      int     `json:"rows"`
	MAE       float64 `json:"mae"`
	MeanError float64 `json:"mean_error"`
}

// EvaluationPlots has the points of the plots of an evaluation.
type EvaluationPlots struct {
	PredictedVsActual *PredictedVsActual `json:"predicted_vs_actual,omitempty"`
	// Residuals is a histogram (edges, counts, mean, std); of versions of earlier releases, a list of numbers.
	Residuals json.RawMessage `json:"residuals,omitempty"`
}

// PredictedVsActual is points of the rows that the model never saw.
type PredictedVsActual struct {
	Actual    []float64 `json:"actual"`
	Predicted []float64 `json:"predicted"`
}

// Comparison is a leaderboard, the best first.
type Comparison struct {
	FileID     string            `json:"file_id"`
	Validation Validation        `json:"validation"`
	Results    []LeaderboardRow  `json:"results"`
	Best       LeaderboardRow    `json:"best"`
	Failed     []FailedRegressor `json:"failed"`
	Warnings   []string          `json:"warnings"`
	// Cut says why it ended before its time limit.
	Cut *string `json:"cut,omitempty"`
}

// LeaderboardRow is a regressor of a comparison. The baseline, and one that was not stored, have no name and version.
type LeaderboardRow struct {
	ModelName       *string         `json:"model_name"`
	Version         *int            `json:"version"`
	ModelType       string          `json:"model_type"`
	Metrics         Metrics         `json:"metrics"`
	CrossValidation CrossValidation `json:"cross_validation"`
	TrainingSeconds *float64        `json:"training_seconds"`
	LatencyUS       *float64        `json:"latency_us"`
	SizeBytes       *int64          `json:"size_bytes"`
	Tuned           bool            `json:"tuned"`
	TargetTransform string          `json:"target_transform"`
	Parameters      map[string]any  `json:"parameters,omitempty"`
	// Members are those of a blend.
	Members []MemberWeight `json:"members,omitempty"`
}

// MemberWeight is a member of a blend.
type MemberWeight struct {
	ModelType       string         `json:"model_type"`
	TargetTransform string         `json:"target_transform"`
	Parameters      map[string]any `json:"parameters,omitempty"`
	Weight          float64        `json:"weight"`
}

// FailedRegressor is a regressor that could not be trained, and why.
type FailedRegressor struct {
	// ModelType is of a race its label, such as ridge-2.
	ModelType       string `json:"model_type"`
	TargetTransform string `json:"target_transform,omitempty"`
	// Parameters of a trial are those that differ from the defaults of the regressor.
	Parameters map[string]any `json:"parameters,omitempty"`
	Error      string         `json:"error"`
}

// Regressor is one kind of model that can be trained.
type Regressor struct {
	ModelType string `json:"model_type"`
	Title     string `json:"title"`
	// Estimator is the class in scikit-learn.
	Estimator  string           `json:"estimator"`
	Parameters map[string]any   `json:"parameters"`
	Grid       map[string][]any `json:"grid"`
	// Ranges has by parameter, as JSON Schema, the values that a training may give it.
	Ranges map[string]map[string]any `json:"ranges"`
	// Extra says that a comparison has it only where Compare.Include names it.
	Extra bool         `json:"extra"`
	Cost  TrainingCost `json:"cost"`
}

// TrainingCost is how the time of a training grows, and how many rows it takes at most.
type TrainingCost struct {
	GrowsWith string `json:"grows_with"`
	MostRows  *int   `json:"most_rows"`
}

// ModelPage is one page of versions, by name and number.
type ModelPage struct {
	Models []ModelVersion `json:"models"`
	// Damaged has the names of models of the page of which nobody can read which version serves.
	Damaged []string `json:"damaged,omitempty"`
	// Next is the cursor of the next page, nil on the last.
	Next *string `json:"next"`
}

// ModelVersion is a version as lists show it.
type ModelVersion struct {
	ModelName string    `json:"model_name"`
	Version   int       `json:"version"`
	ModelType string    `json:"model_type"`
	Target    string    `json:"target_column"`
	CreatedAt time.Time `json:"created_at"`
	Metrics   Metrics   `json:"metrics"`
	SizeBytes int64     `json:"size_bytes"`
	Serves    bool      `json:"serves"`
}

// ChampionChosen is the version that serves from now on, and the one before.
type ChampionChosen struct {
	ModelName string `json:"model_name"`
	Version   int    `json:"version"`
	Before    *int   `json:"before"`
}

// ModelRenamed is a model under its new name.
type ModelRenamed struct {
	ModelName string `json:"model_name"`
	Before    string `json:"before"`
	Versions  []int  `json:"versions"`
	Serves    *int   `json:"serves"`
}

// VersionsDeleted is the versions that were deleted.
type VersionsDeleted struct {
	ModelName string `json:"model_name"`
	Deleted   []int  `json:"deleted"`
}

// ModelImportance is the importance of each feature of a version.
type ModelImportance struct {
	ModelName  string       `json:"model_name"`
	Version    int          `json:"version"`
	Importance []Importance `json:"importance"`
}

// ModelEffects is how predictions change when one column alone changes, worked out when the version was trained.
type ModelEffects struct {
	ModelName string `json:"model_name"`
	Version   int    `json:"version"`
	How       string `json:"how"`
	// Rows is how many rows of training the means are of.
	Rows    int            `json:"rows"`
	Effects []ColumnEffect `json:"effects"`
	// LeftOut is the columns beyond the most important ones, or beyond the time.
	LeftOut []string `json:"left_out"`
}

// ColumnEffect is how predictions change with one column.
type ColumnEffect struct {
	Feature string `json:"feature"`
	Type    string `json:"type"`
	// Values are those of the column, numbers, texts or booleans, in the order of Mean and of each of the Curves.
	Values []any        `json:"values"`
	Mean   []*float64   `json:"mean"`
	Curves [][]*float64 `json:"curves"`
}
