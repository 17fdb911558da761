package regatta

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// ModelsResource has the models; see [Client]. Where a method takes a version, 0 means the one that serves. A name may
// also be a model type, such as "ridge": then it means the newest model of that type.
type ModelsResource struct{ client *Client }

// Available returns the regressors that can be trained.
func (r *ModelsResource) Available(ctx context.Context) ([]Regressor, error) {
	answer, err := get[struct {
		Models []Regressor `json:"models"`
	}](ctx, r.client, "/model/available", nil)
	if err != nil {
		return nil, err
	}
	return answer.Models, nil
}

// Train is one training. Only ModelType is needed, and a Target unless Data.Process has stored one.
type Train struct {
	ModelType string `json:"model_type"`
	Target    string `json:"target_column,omitempty"`
	// ModelName is what the model is called; by default it is made of the file and the model type.
	ModelName string         `json:"model_name,omitempty"`
	Params    map[string]any `json:"params,omitempty"`
	// TestSize is the share of the rows that judge the model; 0 means 0.2.
	TestSize float64 `json:"test_size,omitempty"`
	// Validation is random (the default), time with a TimeColumn, or group with a GroupColumn.
	Validation  string `json:"validation,omitempty"`
	TimeColumn  string `json:"time_column,omitempty"`
	GroupColumn string `json:"group_column,omitempty"`
	// Tune looks for better parameters than the defaults, for TuningSeconds.
	Tune          bool    `json:"tune_hyperparameters,omitempty"`
	TuningSeconds float64 `json:"tuning_seconds,omitempty"`
	// TargetTransform is none (the default), auto, log, yeo_johnson or trend.
	TargetTransform string `json:"target_transform,omitempty"`
	// ReturnModel asks for the signed model itself, in Trained.ModelData.
	ReturnModel bool   `json:"return_model,omitempty"`
	FileID      string `json:"file_id,omitempty"`
	// Training is where: function, batch, or auto (the default), by forecast.
	Training string `json:"training,omitempty"`
}

// Train trains a model, follows it until it is done, and returns its new version.
func (r *ModelsResource) Train(ctx context.Context, training Train, options ...CallOption) (*Trained, error) {
	return order[Trained](ctx, r.client, http.MethodPost, "/model/train", training, callWith(options))
}

// Compare is a race of the nine regressors, or with Ensemble and a TimeLimit a search of the whole portfolio.
type Compare struct {
	Target string `json:"target_column,omitempty"`
	// Include names model types beyond the nine.
	Include     []string `json:"include,omitempty"`
	TestSize    float64  `json:"test_size,omitempty"`
	Validation  string   `json:"validation,omitempty"`
	TimeColumn  string   `json:"time_column,omitempty"`
	GroupColumn string   `json:"group_column,omitempty"`
	// Tune shows each regressor tuned as well; TuningSeconds is for all of them.
	Tune            bool    `json:"tune_hyperparameters,omitempty"`
	TuningSeconds   float64 `json:"tuning_seconds,omitempty"`
	TargetTransform string  `json:"target_transform,omitempty"`
	// TimeLimit is the seconds of the whole race.
	TimeLimit float64 `json:"time_limit,omitempty"`
	// Ensemble adds a blend of the best.
	Ensemble bool `json:"ensemble,omitempty"`
	// MaxBytes and MaxLatencyUS are the largest and the slowest model that may win the portfolio.
	MaxBytes     int64   `json:"max_bytes,omitempty"`
	MaxLatencyUS float64 `json:"max_latency_us,omitempty"`
	FileID       string  `json:"file_id,omitempty"`
	// Training is where: function, batch, or auto (the default), by forecast.
	Training string `json:"training,omitempty"`
	// Parallel lets several workers carry out the trials.
	Parallel bool `json:"parallel,omitempty"`
}

// Compare runs a race, follows it until it is done, and returns the leaderboard.
func (r *ModelsResource) Compare(ctx context.Context, race Compare, options ...CallOption) (*Comparison, error) {
	return order[Comparison](ctx, r.client, http.MethodPost, "/model/compare", race, callWith(options))
}

// List returns every version of a model; without a name, of all models. It asks for all pages.
func (r *ModelsResource) List(ctx context.Context, name string) ([]ModelVersion, error) {
	var versions []ModelVersion
	for cursor := ""; ; {
		page, err := r.Page(ctx, name, 1000, cursor)
		if err != nil {
			return nil, err
		}
		versions = append(versions, page.Models...)
		if page.Next == nil {
			return versions, nil
		}
		cursor = *page.Next
	}
}

// Page returns a page of up to limit (0: 100) versions: the one after the page that named cursor in Next ("": the
// first).
func (r *ModelsResource) Page(ctx context.Context, name string, limit int, cursor string) (*ModelPage, error) {
	query := pageQuery(limit, cursor)
	if name != "" {
		query.Set("model_name", name)
	}
	return get[ModelPage](ctx, r.client, "/model/trained", query)
}

// Get returns everything that is known of a model; without a name, of the one that was trained last.
func (r *ModelsResource) Get(ctx context.Context, name string, version int) (*Model, error) {
	query := ofVersion(version)
	if name != "" {
		query.Set("model_name", name)
	}
	return get[Model](ctx, r.client, "/model/info", query)
}

// Metrics returns how good a model is.
func (r *ModelsResource) Metrics(ctx context.Context, name string, version int) (*ModelMetrics, error) {
	return get[ModelMetrics](ctx, r.client, "/model/metrics/"+url.PathEscape(name), ofVersion(version))
}

// Importance returns how much each feature matters.
func (r *ModelsResource) Importance(ctx context.Context, name string, version int) (*ModelImportance, error) {
	return get[ModelImportance](ctx, r.client, "/model/importance/"+url.PathEscape(name), ofVersion(version))
}

// Effects returns how predictions change with each column: partial dependence, and curves of single rows.
func (r *ModelsResource) Effects(ctx context.Context, name string, version int) (*ModelEffects, error) {
	return get[ModelEffects](ctx, r.client, "/model/effects/"+url.PathEscape(name), ofVersion(version))
}

// Schema returns the columns that a model takes, and an example that works.
func (r *ModelsResource) Schema(ctx context.Context, name string, version int) (*ModelSchema, error) {
	return get[ModelSchema](ctx, r.client, "/model/schema/"+url.PathEscape(name), ofVersion(version))
}

// Report writes a model to w as one HTML page with plots.
func (r *ModelsResource) Report(ctx context.Context, w io.Writer, name string, version int) error {
	return r.ReportIn(ctx, w, name, version, "")
}

// ReportIn writes the same page in a language, a tag of BCP 47 such as zh ("": English).
func (r *ModelsResource) ReportIn(ctx context.Context, w io.Writer, name string, version int, language string) error {
	call := newCall(http.MethodGet, "/model/report/"+url.PathEscape(name), inLanguage(ofVersion(version), language))
	_, err := r.client.save(ctx, w, call, nil)
	return err
}

// Artifact asks for a file of a model.
type Artifact struct {
	Model   string
	Version int
	// Format is onnx (the default), or pickle, which is code: load it only from a service that you trust.
	Format string
}

// Download writes a file of a model to w, and returns the number of bytes.
func (r *ModelsResource) Download(ctx context.Context, w io.Writer, asked Artifact) (int64, error) {
	query := ofVersion(asked.Version)
	query.Set("format", orElse(asked.Format, "onnx"))
	return r.client.save(ctx, w, newCall(http.MethodGet, "/model/artifact/"+url.PathEscape(asked.Model), query), nil)
}

// Promote lets a version serve, newer or older.
func (r *ModelsResource) Promote(ctx context.Context, name string, version int) (*ChampionChosen, error) {
	body := map[string]int{"version": version}
	return sendJSON[ChampionChosen](ctx, r.client, http.MethodPost, "/model/champion/"+url.PathEscape(name), "", body)
}

// Rename gives a model another name; its version numbers stay.
func (r *ModelsResource) Rename(ctx context.Context, name, newName string) (*ModelRenamed, error) {
	body := map[string]string{"new_name": newName}
	return sendJSON[ModelRenamed](ctx, r.client, http.MethodPost, "/model/rename/"+url.PathEscape(name), "", body)
}

// Delete deletes a version; with version 0 the whole model.
func (r *ModelsResource) Delete(ctx context.Context, name string, version int) (*VersionsDeleted, error) {
	call := newCall(http.MethodDelete, "/model/trained/"+url.PathEscape(name), ofVersion(version))
	return fetch[VersionsDeleted](ctx, r.client, call)
}

func ofVersion(version int) url.Values {
	if version == 0 {
		return url.Values{}
	}
	return url.Values{"version": {strconv.Itoa(version)}}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
