package regatta

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// DataResource has the datasets; see [Client]. Where a method takes a fileID, "" means the current file.
type DataResource struct{ client *Client }

// List returns every dataset, the oldest first, and which one is current. It asks for all pages.
func (r *DataResource) List(ctx context.Context) (*Files, error) {
	var all []FileSummary
	for cursor := ""; ; {
		page, err := r.Page(ctx, 1000, cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Files...)
		if page.Next == nil {
			page.Files = all
			return page, nil
		}
		cursor = *page.Next
	}
}

// Page returns a page of up to limit (0: 100) datasets: the one after the page that named cursor in Next ("": the
// first).
func (r *DataResource) Page(ctx context.Context, limit int, cursor string) (*Files, error) {
	return get[Files](ctx, r.client, "/data/files", pageQuery(limit, cursor))
}

// Get returns everything about a dataset but its correlations.
func (r *DataResource) Get(ctx context.Context, fileID string) (*DatasetInfo, error) {
	return get[DatasetInfo](ctx, r.client, "/data/info", ofFile(fileID))
}

// Status returns how far the file of a large upload is, or the dataset that it has become.
func (r *DataResource) Status(ctx context.Context, fileID string) (*FileStatus, error) {
	return get[FileStatus](ctx, r.client, "/data/files/"+url.PathEscape(fileID), nil)
}

// Preview returns the first rows of a dataset, up to 100 (0: ten).
func (r *DataResource) Preview(ctx context.Context, fileID string, rows int) (*Preview, error) {
	query := ofFile(fileID)
	if rows != 0 {
		query.Set("rows", strconv.Itoa(rows))
	}
	return get[Preview](ctx, r.client, "/data/preview", query)
}

// Rows returns up to 100 rows of a dataset from the row number first on; the header is row 1 (0: all defaults).
func (r *DataResource) Rows(ctx context.Context, fileID string, first, rows int) (*DatasetRows, error) {
	query := ofFile(fileID)
	if first != 0 {
		query.Set("first", strconv.Itoa(first))
	}
	if rows != 0 {
		query.Set("rows", strconv.Itoa(rows))
	}
	return get[DatasetRows](ctx, r.client, "/data/rows", query)
}

// Profile returns the statistics, correlations and findings of a dataset.
func (r *DataResource) Profile(ctx context.Context, fileID string) (*Profile, error) {
	return get[Profile](ctx, r.client, "/data/profile", ofFile(fileID))
}

// Report writes the profile to w as one HTML page with plots.
func (r *DataResource) Report(ctx context.Context, w io.Writer, fileID string) error {
	return r.ReportIn(ctx, w, fileID, "")
}

// ReportIn writes the same page in a language, a tag of BCP 47 such as zh ("": English).
func (r *DataResource) ReportIn(ctx context.Context, w io.Writer, fileID, language string) error {
	_, err := r.client.save(ctx, w, newCall(http.MethodGet, "/data/report", inLanguage(ofFile(fileID), language)), nil)
	return err
}

// FindOutliers asks for the values beyond two bounds.
type FindOutliers struct {
	FileID string
	// Method is iqr (the default) or zscore.
	Method string
	// Threshold is 1.5 for iqr and 3 for zscore where it is 0.
	Threshold float64
}

// Outliers returns the values of every column of numbers beyond two bounds.
func (r *DataResource) Outliers(ctx context.Context, asked FindOutliers) (*Outliers, error) {
	query := ofFile(asked.FileID)
	if asked.Method != "" {
		query.Set("method", asked.Method)
	}
	if asked.Threshold != 0 {
		query.Set("threshold", number(asked.Threshold))
	}
	return get[Outliers](ctx, r.client, "/data/outliers", query)
}

// Process is a recipe: how a table is cleaned before training.
type Process struct {
	// HandleMissing is drop, mean, median (the default) or mode, for every column; Columns has others for single ones.
	HandleMissing string            `json:"handle_missing,omitempty"`
	Columns       map[string]string `json:"columns,omitempty"`
	// LeaveOut names columns that no model gets.
	LeaveOut []string `json:"leave_out,omitempty"`
	// Target is the column that models predict.
	Target string `json:"target_column,omitempty"`
	FileID string `json:"file_id,omitempty"`
}

// Process stores a recipe and returns its effect on the whole table.
func (r *DataResource) Process(ctx context.Context, recipe Process, options ...CallOption) (*ProcessEffect, error) {
	return sendJSON[ProcessEffect](ctx, r.client, http.MethodPost, "/data/process", callWith(options).key, recipe)
}

// Download asks for a table as a file.
type Download struct {
	FileID string
	// Format is csv (the default), excel, json, jsonl or parquet.
	Format string
	// Processed is the table as its recipe leaves it.
	Processed bool
	// Raw leaves texts of a CSV as they are that a spreadsheet would run as formulas.
	Raw bool
	// Source is the bytes as they were received; no other field goes with it.
	Source bool
	CSVStyle
}

// Download writes a table to w, and returns the number of bytes.
func (r *DataResource) Download(ctx context.Context, w io.Writer, asked Download) (int64, error) {
	query := ofFile(asked.FileID)
	if asked.Format != "" {
		query.Set("format", asked.Format)
	}
	for name, value := range map[string]bool{"processed": asked.Processed, "raw": asked.Raw, "source": asked.Source} {
		if value {
			query.Set(name, "true")
		}
	}
	asked.CSVStyle.addTo(query)
	return r.client.save(ctx, w, newCall(http.MethodGet, "/data/download", query), nil)
}

// Switch makes a dataset the current file.
func (r *DataResource) Switch(ctx context.Context, fileID string) (*FileSummary, error) {
	call := newCall(http.MethodPost, "/data/switch/"+url.PathEscape(fileID), nil)
	call.repeatable = true
	return fetch[FileSummary](ctx, r.client, call)
}

// Rename gives the file of a dataset another name.
func (r *DataResource) Rename(ctx context.Context, fileID, filename string) (*FileSummary, error) {
	path := "/data/files/" + url.PathEscape(fileID)
	call, err := newCall(http.MethodPatch, path, nil).withJSON(map[string]string{"filename": filename})
	if err != nil {
		return nil, err
	}
	call.repeatable = true
	return fetch[FileSummary](ctx, r.client, call)
}

// Delete deletes a dataset; its models stay.
func (r *DataResource) Delete(ctx context.Context, fileID string) (*FileDeleted, error) {
	return fetch[FileDeleted](ctx, r.client, newCall(http.MethodDelete, "/data/files/"+url.PathEscape(fileID), nil))
}

// ReadAgain reads the bytes of a dataset otherwise, as a new dataset whose parent is the old one.
func (r *DataResource) ReadAgain(
	ctx context.Context, fileID string, changes ReadAgain, options ...CallOption,
) (*Dataset, error) {
	path := "/data/files/" + url.PathEscape(fileID) + "/reading"
	return order[Dataset](ctx, r.client, http.MethodPatch, path, changes, callWith(options))
}

func inLanguage(query url.Values, language string) url.Values {
	if language != "" {
		query.Set("language", language)
	}
	return query
}

func ofFile(fileID string) url.Values {
	if fileID == "" {
		return url.Values{}
	}
	return url.Values{"file_id": {fileID}}
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
