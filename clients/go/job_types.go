package regatta

import (
	"encoding/json"
	"time"
)

// JobSummary is a job as lists show it.
type JobSummary struct {
	JobID string `json:"job_id"`
	// Kind is train, compare, predict, export, retrain, read or ingest.
	Kind string `json:"kind"`
	// Status is queued, running, succeeded, failed or cancelled.
	Status string `json:"status"`
	// Stage is what it is doing now, in one word.
	Stage string `json:"stage"`
	// Progress goes from 0 to 1.
	Progress float64 `json:"progress"`
	// Parts has the progress by model, where there are several.
	Parts      map[string]float64 `json:"parts"`
	Attempts   int                `json:"attempts"`
	CreatedAt  time.Time          `json:"created_at"`
	StartedAt  *time.Time         `json:"started_at"`
	FinishedAt *time.Time         `json:"finished_at"`
	// Error says why it failed.
	Error *Error `json:"error"`
	// Result is what the call would have answered; Decode reads it.
	Result json.RawMessage `json:"result"`
}

// Job is a job with its live leaderboard.
type Job struct {
	JobSummary
	// Standings are the models that are being compared, the best first.
	Standings []TrialStatus `json:"standings"`
}

// TrialStatus is a candidate of a running comparison.
type TrialStatus struct {
	ModelType       string `json:"model_type"`
	TargetTransform string `json:"target_transform"`
	// Parameters are those that differ from the defaults of the regressor.
	Parameters map[string]any `json:"parameters"`
	// R2 is the mean over the folds that are finished, nil before the first.
	R2 *float64 `json:"r2"`
	// Std is that of R2 from fold to fold, nil below two.
	Std     *float64 `json:"std"`
	Folds   int      `json:"folds"`
	Seconds float64  `json:"seconds"`
	// SizeBytes and LatencyUs (of one row, in microseconds) are those of the bare graph of all train rows, or of the first
	// fold, nil where neither was measured.
	SizeBytes *int64   `json:"size_bytes"`
	LatencyUs *float64 `json:"latency_us"`
	Running   bool     `json:"running"`
	// Error is why it has failed, nil unless it has.
	Error *string `json:"error"`
}

// JobPage is one page of jobs, the newest first.
type JobPage struct {
	Jobs []JobSummary `json:"jobs"`
	// Next is what List takes for the next page, nil on the last.
	Next *string `json:"next"`
	// Warnings say which jobs of the page cannot be read, and why.
	Warnings []string `json:"warnings,omitempty"`
}

// Status is the state of the service.
type Status struct {
	// Status is ok, or degraded without Redis or the queue.
	Status  string      `json:"status"`
	Storage PartStatus  `json:"storage"`
	Redis   PartStatus  `json:"redis"`
	Queue   QueueStatus `json:"queue"`
	// Cache has the lookups by level: memory, redis and storage.
	Cache map[string]Lookups `json:"cache"`
	Index map[string]*int    `json:"index"`
}

// Lookups is how often a level of the cache had what was looked for.
type Lookups struct {
	Hits   int64 `json:"hits"`
	Misses int64 `json:"misses"`
}

// PartStatus is whether a part of the service answers: up, down or off.
type PartStatus struct {
	Status    string   `json:"status"`
	LatencyMS *float64 `json:"latency_ms,omitempty"`
}

// QueueStatus is the queue of jobs: how many messages wait, are worked on, and were given up.
type QueueStatus struct {
	PartStatus
	Depth       *int `json:"depth,omitempty"`
	InFlight    *int `json:"in_flight,omitempty"`
	DeadLetters *int `json:"dead_letters,omitempty"`
	// OldestSeconds is how long the job has waited that waits longest.
	OldestSeconds *int `json:"oldest_seconds,omitempty"`
	// Silent is how many jobs no worker will get until they are given to the queue again.
	Silent *int `json:"silent,omitempty"`
}
