package regatta

import "time"

// Series is a sequence of files that train one model, with its settings, its champion and its newest decision.
type Series struct {
	Name      string         `json:"name"`
	CreatedAt time.Time      `json:"created_at"`
	Settings  SeriesSettings `json:"settings"`
	Arrivals  int            `json:"arrivals"`
	// Champion is the version that serves.
	Champion *int     `json:"champion"`
	Newest   *Arrival `json:"newest"`
	// Announced are the jobs of files that had waited for new settings.
	Announced []string `json:"announced,omitempty"`
	// Jobs are those of files without a decision.
	Jobs []ArrivalJob `json:"jobs,omitempty"`
}

// SeriesSettings is how a series trains and how its files are read. What is left out has its default.
type SeriesSettings struct {
	Reading
	Target string `json:"target_column,omitempty"`
	// Mode is append or replace.
	Mode          string      `json:"mode,omitempty"`
	Window        int         `json:"window,omitempty"`
	Tolerance     *float64    `json:"tolerance,omitempty"`
	HandleMissing string      `json:"handle_missing,omitempty"`
	Validation    *Validation `json:"validation,omitempty"`
	// TimeLimit is the seconds of the race that the first file starts.
	TimeLimit float64 `json:"time_limit,omitempty"`
	// Training is where its files are trained on: function, batch or auto, which is by forecast.
	Training string `json:"training,omitempty"`
}

// Arrival is one file that arrived in a series, and what was decided about it.
type Arrival struct {
	JobID        string `json:"job_id"`
	FileID       string `json:"file_id"`
	Key          string `json:"key"`
	ETag         string `json:"etag"`
	Filename     string `json:"filename"`
	SizeBytes    int64  `json:"size_bytes"`
	LastModified string `json:"last_modified"`
	// State is accepted, held, refused, waiting, superseded or old.
	State string `json:"state"`
	// Learned says whether later trainings use it.
	Learned bool `json:"learned"`
	// Version is the one that was trained on it, Champion the one that serves after it.
	Version  *int `json:"version"`
	Champion *int `json:"champion"`
	Promoted bool `json:"promoted"`
	// Reason is the decision in a sentence.
	Reason         string   `json:"reason"`
	DecidedAt      string   `json:"decided_at"`
	Rows           *int     `json:"rows"`
	SHA256         *string  `json:"sha256"`
	Surprise       *float64 `json:"surprise"`
	MissedBy       *float64 `json:"missed_by"`
	ChampionRMSE   *float64 `json:"champion_rmse"`
	ChallengerRMSE *float64 `json:"challenger_rmse"`
	Contradicted   bool     `json:"contradicted"`
	Contradicts    []string `json:"contradicts"`
	FitsByItself   bool     `json:"fits_by_itself"`
	TakesOver      bool     `json:"takes_over"`
	Reading        *Reading `json:"reading"`
	// Training is where it was decided: function, or batch in a container of AWS Batch.
	Training *string `json:"training"`
	// Forecast is what training on a file like it takes.
	Forecast *TrainingForecast `json:"forecast"`
}

// TrainingForecast is what training on a file takes.
type TrainingForecast struct {
	// MemoryBytes are those beside the memory of the process, Seconds those of one processor.
	MemoryBytes int64   `json:"memory_bytes"`
	Seconds     float64 `json:"seconds"`
}

// ArrivalJob is the job of a file that has no decision yet.
type ArrivalJob struct {
	JobSummary
	Key *string `json:"key"`
}

// SeriesPage is one page of series, by name.
type SeriesPage struct {
	Series []Series `json:"series"`
	// Next is the cursor of the next page, nil on the last.
	Next *string `json:"next"`
}

// SeriesHistory is one page of decisions, the newest first.
type SeriesHistory struct {
	History []Arrival `json:"history"`
	// Next is the after of the next page, nil on the last.
	Next *string `json:"next"`
}

// SeriesUpload is a form that uploads a file to a series.
type SeriesUpload struct {
	// Key is the file's place in the bucket, which Series.Wait takes.
	Key       string            `json:"key"`
	URL       string            `json:"url"`
	Fields    map[string]string `json:"fields"`
	ExpiresAt time.Time         `json:"expires_at"`
}
