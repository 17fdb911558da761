package regatta

import (
	"bytes"
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

const (
	// What one request has at most. Behind a gateway it is 6 MB in Base64.
	batchBytes = 3 << 20
	batchRows  = 50_000
	// What the service explains in one request of nearly every model.
	explainedRows = 32
)

// PredictCSV says which model predicts the rows of a CSV, and how the CSV is to be read where you know it.
type PredictCSV struct {
	Predict
	Encoding  string
	Delimiter string
	HasHeader *bool
}

// CSV predicts the rows of a CSV of any size. See [PredictResource.CSVBatches], which does not keep all predictions.
func (r *PredictResource) CSV(
	ctx context.Context, reader io.Reader, how PredictCSV, options ...CallOption,
) (*Predictions, error) {
	all := &Predictions{}
	for batch, err := range r.CSVBatches(ctx, reader, how, options...) {
		if err != nil {
			return nil, err
		}
		all.add(batch, all.Count)
	}
	return all, nil
}

// CSVBatches predicts the rows of a CSV, batch by batch over one connection, and ends with the first error. A CSV of up
// to 3 MB is one request and read like an upload. A larger one is divided between its rows, and each request has the
// first line again: that must be the header. It may be packed with gzip; its encoding may be any but UTF-16. Rows in
// errors count as in the whole CSV.
func (r *PredictResource) CSVBatches(
	ctx context.Context, reader io.Reader, how PredictCSV, options ...CallOption,
) iter.Seq2[*Predictions, error] {
	chosen := callWith(options)
	return func(yield func(*Predictions, error) bool) {
		batches, err := newCSVBatches(reader, how.HasHeader == nil || *how.HasHeader)
		if err != nil {
			yield(nil, err)
			return
		}
		for rows := 0; ; {
			body, records, err := batches.next()
			if err == io.EOF {
				return
			}
			var answer *Predictions
			if err == nil {
				answer, err = r.csvBody(ctx, body, how)
			}
			if err != nil {
				yield(nil, fromRow(err, rows))
				return
			}
			rows += records
			chosen.progress("predicting", batches.share())
			if !yield(answer, nil) {
				return
			}
		}
	}
}

// csvBody predicts one CSV body.
func (r *PredictResource) csvBody(ctx context.Context, body []byte, how PredictCSV) (*Predictions, error) {
	query := url.Values{}
	for name, value := range map[string]string{
		"model_name": how.Model, "model_data": how.ModelData, "encoding": how.Encoding, "delimiter": how.Delimiter,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if how.Version != 0 {
		query.Set("version", strconv.Itoa(how.Version))
	}
	if how.Strict {
		query.Set("strict", "true")
	}
	if how.Explain {
		query.Set("explain", "true")
	}
	if how.Interval != 0 {
		query.Set("interval", number(how.Interval))
	}
	if how.HasHeader != nil {
		query.Set("has_header", strconv.FormatBool(*how.HasHeader))
	}
	call := newCall(http.MethodPost, "/predict/batch", query)
	call.header.Set("Content-Type", "text/csv")
	call.body = func() (io.Reader, error) { return bytes.NewReader(body), nil }
	call.repeatable = true
	return fetch[Predictions](ctx, r.client, call)
}
