package regatta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
)

// PredictResource has the predictions; see [Client].
type PredictResource struct{ client *Client }

// Row is one row of raw values by the name of their column. NaN and nil are missing values.
type Row map[string]any

// MarshalJSON writes the row with null for NaN.
func (r Row) MarshalJSON() ([]byte, error) {
	values := make(map[string]any, len(r))
	for name, value := range r {
		if number, ok := floatOf(value); ok && math.IsNaN(number) {
			value = nil
		} else if ok && math.IsInf(number, 0) {
			return nil, fmt.Errorf("column %q is %v, which JSON cannot say; nil and NaN are missing values", name, number)
		}
		values[name] = value
	}
	return json.Marshal(values)
}

// floatOf returns a number of floating point, also the one that a pointer points at.
func floatOf(value any) (float64, bool) {
	switch number := value.(type) {
	case float64:
		return number, true
	case float32:
		return float64(number), true
	case *float64:
		if number != nil {
			return *number, true
		}
	}
	return 0, false
}

// unsendable returns what a caller can do about a value that JSON does not have.
func unsendable(err error) error {
	var marshaler *json.MarshalerError
	if errors.As(err, &marshaler) {
		return unsendable(marshaler.Unwrap())
	}
	var value *json.UnsupportedValueError
	if errors.As(err, &value) {
		return fmt.Errorf("%s is a number that JSON cannot say; a regatta.Row may have NaN, and a pointer be nil, for a "+
			"missing value", value.Str)
	}
	return err
}

// Predict says which model predicts, and how.
type Predict struct {
	// Model is the name of a stored model.
	Model string `json:"model_name,omitempty"`
	// Version is the one that serves where it is 0.
	Version int `json:"version,omitempty"`
	// ModelData is a model that you keep yourself, from Trained.ModelData, in place of a name.
	ModelData string `json:"model_data,omitempty"`
	// ModelInfo is which model is expected: model_name, version, model_type, target_column. One that differs is refused.
	ModelInfo map[string]any `json:"model_info,omitempty"`
	// Strict makes an error of what would be a warning about the rows.
	Strict bool `json:"strict,omitempty"`
	// Interval is the share of true values that the bounds of a prediction are to hold, such as 0.9; 0 asks for none.
	Interval float64 `json:"interval,omitempty"`
	// Explain asks what each column contributes to each prediction.
	Explain bool `json:"explain,omitempty"`
}

// Prediction is that of one row, and which model predicted.
type Prediction struct {
	Prediction float64         `json:"prediction"`
	ModelName  string          `json:"model_name"`
	Version    int             `json:"version"`
	Warnings   []string        `json:"warnings"`
	Interval   *IntervalBounds `json:"interval,omitempty"`
	// StaleSeconds is how long ago storage said that this version serves; only while storage does not answer.
	StaleSeconds *float64 `json:"stale_seconds,omitempty"`
	// Explanation is there with Predict.Explain.
	Explanation *RowExplanation `json:"explanation,omitempty"`
}

// RowExplanation is why this prediction: the contributions of the columns add up to the prediction minus BaseValue.
type RowExplanation struct {
	// Method is exact, sampled, or mixed where the values of some members of a blend are sampled.
	Method string `json:"method"`
	// Samples is how many orders of the columns were sampled for a row; nil where all is exact.
	Samples        *int    `json:"samples"`
	BackgroundRows int     `json:"background_rows"`
	BaseValue      float64 `json:"base_value"`
	// Contributions are by column, in units of the target.
	Contributions map[string]float64 `json:"contributions"`
}

// BatchExplanation is why these predictions; its fields are those of [RowExplanation], with a contribution for each row.
type BatchExplanation struct {
	Method         string               `json:"method"`
	Samples        *int                 `json:"samples"`
	BackgroundRows int                  `json:"background_rows"`
	BaseValue      float64              `json:"base_value"`
	Contributions  map[string][]float64 `json:"contributions"`
}

// IntervalBounds is the bounds of one prediction.
type IntervalBounds struct {
	Level float64 `json:"level"`
	// Method is "adaptive" where bounds are wider for rows whose errors are larger, or "equal_width".
	Method string  `json:"method,omitempty"`
	Lower  float64 `json:"lower"`
	Upper  float64 `json:"upper"`
}

// Predictions is those of many rows, in their order.
type Predictions struct {
	Predictions []float64 `json:"predictions"`
	Count       int       `json:"count"`
	ModelName   string    `json:"model_name"`
	Version     int       `json:"version"`
	Warnings    []string  `json:"warnings"`
	// StaleSeconds is how long ago storage said that this version serves; only while storage does not answer.
	StaleSeconds *float64 `json:"stale_seconds,omitempty"`
	// Interval, Lower and Upper are there if Predict.Interval asked for bounds.
	Interval *IntervalLevel `json:"interval,omitempty"`
	Lower    []float64      `json:"lower,omitempty"`
	Upper    []float64      `json:"upper,omitempty"`
	// Explanation is there with Predict.Explain.
	Explanation *BatchExplanation `json:"explanation,omitempty"`
}

// IntervalLevel is the share of true values that bounds hold.
type IntervalLevel struct {
	Level float64 `json:"level"`
	// Method is "adaptive" where bounds are wider for rows whose errors are larger, or "equal_width".
	Method string `json:"method,omitempty"`
}

// Row predicts one row: a [Row], or a struct or map whose JSON has a field for each column.
func (r *PredictResource) Row(ctx context.Context, row any, how Predict) (*Prediction, error) {
	call, err := newCall(http.MethodPost, "/predict", nil).withJSON(struct {
		Predict
		Data any `json:"data"`
	}{how, row})
	if err != nil {
		return nil, err
	}
	call.repeatable = true
	return fetch[Prediction](ctx, r.client, call)
}

// Rows predicts a slice of rows, each one as [PredictResource.Row] takes it. Many rows are several requests over one
// connection.
func (r *PredictResource) Rows(ctx context.Context, rows any, how Predict, options ...CallOption) (*Predictions, error) {
	slice := reflect.ValueOf(rows)
	if slice.Kind() != reflect.Slice {
		return nil, invalidRequest(fmt.Errorf("rows are a slice, such as []regatta.Row, not %T", rows))
	}
	chosen := callWith(options)
	all := &Predictions{}
	for start := 0; start < slice.Len() || start == 0; {
		data, err := encodeRows(slice, start, how.rowsAtATime())
		if err != nil {
			return nil, invalidRequest(err)
		}
		batch, err := r.batch(ctx, how, data)
		if err != nil {
			return nil, fromRow(err, start)
		}
		all.add(batch, start)
		start += len(data)
		chosen.progress("predicting", float64(start)/float64(slice.Len()))
	}
	return all, nil
}

// rowsAtATime returns how many rows one request has at most.
func (p Predict) rowsAtATime() int {
	if p.Explain {
		return explainedRows
	}
	return batchRows
}

// encodeRows returns the JSON of the rows from start on that fit one request, of which there may be most.
func encodeRows(slice reflect.Value, start, most int) ([]json.RawMessage, error) {
	data := []json.RawMessage{}
	for size := 0; start < slice.Len() && size < batchBytes && len(data) < most; start++ {
		row, err := json.Marshal(slice.Index(start).Interface())
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", start, unsendable(err))
		}
		data = append(data, row)
		size += len(row)
	}
	return data, nil
}

func (r *PredictResource) batch(ctx context.Context, how Predict, data []json.RawMessage) (*Predictions, error) {
	call, err := newCall(http.MethodPost, "/predict/batch", nil).withJSON(struct {
		Predict
		Data []json.RawMessage `json:"data"`
	}{how, data})
	if err != nil {
		return nil, err
	}
	call.repeatable = true
	return fetch[Predictions](ctx, r.client, call)
}

// File predicts every row of a stored file. One of many rows is a job, which is followed until it is over.
func (r *PredictResource) File(
	ctx context.Context, fileID string, how Predict, options ...CallOption,
) (*Predictions, error) {
	return r.stored(ctx, struct {
		Predict
		FileID string `json:"file_id"`
	}{how, fileID}, options)
}

// Objects predicts many objects of the bucket as one table: those below {workspace}/parts/ whose keys go on with
// prefix. It is a job, which is followed until it is over.
func (r *PredictResource) Objects(
	ctx context.Context, prefix string, how Predict, options ...CallOption,
) (*Predictions, error) {
	return r.stored(ctx, struct {
		Predict
		Prefix string `json:"prefix"`
	}{how, prefix}, options)
}

// stored predicts rows that the service has already, as the body says.
func (r *PredictResource) stored(ctx context.Context, body any, options []CallOption) (*Predictions, error) {
	chosen := callWith(options)
	call, err := newCall(http.MethodPost, "/predict/batch", nil).withJSON(body)
	if err != nil {
		return nil, err
	}
	response, err := r.client.open(ctx, call.withKey(chosen.key), chosen)
	if err != nil {
		return nil, err
	}
	return decode[Predictions](ctx, response)
}

// Export asks for rows with their predictions, as a file.
type Export struct {
	Predict
	// FileID is a stored file; Rows are rows of your own, as [PredictResource.Rows] takes them. Prefix is how the keys of
	// objects begin, below {workspace}/parts/, that are predicted as one table. Give one of the three.
	FileID string `json:"file_id,omitempty"`
	Rows   any    `json:"data,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	// Format is csv (the default), excel, json, jsonl or parquet. Of a large table and of a Prefix in parquet, a manifest
	// in JSON comes, which [PredictResource.Parts] takes.
	Format string `json:"format,omitempty"`
	// Raw leaves texts of a CSV as they are that a spreadsheet would run as formulas.
	Raw bool `json:"raw,omitempty"`
	CSVStyle
}

// Export writes rows with their predictions to w, and returns the number of bytes. A file of any size goes through as it
// arrives.
func (r *PredictResource) Export(ctx context.Context, w io.Writer, asked Export, options ...CallOption) (int64, error) {
	chosen := callWith(options)
	call, err := newCall(http.MethodPost, "/predict/export", nil).withJSON(asked)
	if err != nil {
		return 0, err
	}
	return r.client.save(ctx, w, call.withKey(chosen.key), chosen)
}
