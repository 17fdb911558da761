package regatta

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The pause between two questions for the decision about a file.
const decisionPause = time.Second

// SeriesResource has the series; see [Client].
type SeriesResource struct{ client *Client }

// List returns every series, by name. It asks for all pages.
func (r *SeriesResource) List(ctx context.Context) ([]Series, error) {
	var all []Series
	for cursor := ""; ; {
		page, err := r.Page(ctx, 0, cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Series...)
		if page.Next == nil {
			return all, nil
		}
		cursor = *page.Next
	}
}

// Page returns a page of up to limit (0: 100) series: the one after the page that named cursor in Next ("": the first).
func (r *SeriesResource) Page(ctx context.Context, limit int, cursor string) (*SeriesPage, error) {
	return get[SeriesPage](ctx, r.client, "/series", pageQuery(limit, cursor))
}

// Get returns a series, and the jobs of files without a decision.
func (r *SeriesResource) Get(ctx context.Context, name string) (*Series, error) {
	return get[Series](ctx, r.client, "/series/"+url.PathEscape(name), nil)
}

// Configure stores the settings of a series, which may have no files yet. A field that is left out gets its default.
func (r *SeriesResource) Configure(ctx context.Context, name string, settings SeriesSettings) (*Series, error) {
	return sendJSON[Series](ctx, r.client, http.MethodPut, "/series/"+url.PathEscape(name), "", settings)
}

// SeriesFile is a file for a series: a Path, or a Reader with a Filename, as for [Upload].
type SeriesFile struct {
	Path     string
	Reader   io.Reader
	Filename string
	// Target is the column to predict, where the series does not know it yet.
	Target string
}

// Upload puts a file into a series, and returns its key; [SeriesResource.Wait] waits for the decision about it. The same
// file sent twice is learned from once.
func (r *SeriesResource) Upload(
	ctx context.Context, name string, upload SeriesFile, options ...CallOption,
) (string, error) {
	file, err := openSource(upload.Path, upload.Reader, upload.Filename)
	if err != nil {
		return "", err
	}
	defer file.close()
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, file.size)); err != nil {
		return "", err
	}
	chosen := callWith(options)
	form, err := sendJSON[SeriesUpload](
		ctx, r.client, http.MethodPost, "/series/"+url.PathEscape(name)+"/uploads", chosen.key,
		struct {
			Filename  string `json:"filename"`
			SizeBytes int64  `json:"size_bytes"`
			Target    string `json:"target_column,omitempty"`
			SHA256    string `json:"sha256"`
		}{file.name, file.size, upload.Target, hex.EncodeToString(digest.Sum(nil))},
	)
	if err != nil {
		return "", err
	}
	return form.Key, r.client.postForm(ctx, form.URL, form.Fields, file, chosen.progress)
}

// Wait returns the decision about the file with this key, once there is one. If its job failed without a decision, the
// error says why.
func (r *SeriesResource) Wait(ctx context.Context, name, key string, options ...CallOption) (*Arrival, error) {
	chosen := callWith(options)
	for {
		job, err := r.jobOf(ctx, name, key)
		if err != nil && !errors.Is(err, ErrNoSuchSeries) {
			return nil, err
		}
		arrival, err := r.decision(ctx, name, key)
		if arrival != nil || (err != nil && !errors.Is(err, ErrNoSuchSeries)) {
			return arrival, err
		}
		if job != nil {
			chosen.progress(job.Stage, job.Progress)
			if job.IsOver() && job.failure() != nil {
				return nil, job.failure()
			}
		}
		if err := r.client.clock.Sleep(ctx, decisionPause); err != nil {
			return nil, err
		}
	}
}

// jobOf returns the job of a file that has no decision, or nil.
func (r *SeriesResource) jobOf(ctx context.Context, name, key string) (*ArrivalJob, error) {
	series, err := r.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, job := range series.Jobs {
		if job.Key != nil && *job.Key == key {
			return &job, nil
		}
	}
	return nil, nil
}

// decision returns the decision about a file among the newest hundred, or nil.
func (r *SeriesResource) decision(ctx context.Context, name, key string) (*Arrival, error) {
	page, err := r.History(ctx, name, 100, "")
	if err != nil {
		return nil, err
	}
	for _, arrival := range page.History {
		if arrival.Key == key {
			return &arrival, nil
		}
	}
	return nil, nil
}

// History returns the newest decisions, the newest first: a page of up to limit (0: 20) after the one that the page
// before named in Next ("": from the newest).
func (r *SeriesResource) History(ctx context.Context, name string, limit int, after string) (*SeriesHistory, error) {
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	if after != "" {
		query.Set("after", after)
	}
	return get[SeriesHistory](ctx, r.client, "/series/"+url.PathEscape(name)+"/history", query)
}

// Report returns why a file was learned from or not; jobID is that of its Arrival.
func (r *SeriesResource) Report(ctx context.Context, name, jobID string) (*DecisionReport, error) {
	return get[DecisionReport](ctx, r.client, reportPath(name, jobID), url.Values{"format": {"json"}})
}

// ReportPage writes the same to w as one HTML page with plots.
func (r *SeriesResource) ReportPage(ctx context.Context, w io.Writer, name, jobID string) error {
	return r.ReportPageIn(ctx, w, name, jobID, "")
}

// ReportPageIn writes the same page in a language, a tag of BCP 47 such as zh ("": English).
func (r *SeriesResource) ReportPageIn(ctx context.Context, w io.Writer, name, jobID, language string) error {
	query := inLanguage(url.Values{"format": {"html"}}, language)
	call := newCall(http.MethodGet, reportPath(name, jobID), query)
	_, err := r.client.save(ctx, w, call, nil)
	return err
}

func reportPath(name, jobID string) string {
	return "/series/" + url.PathEscape(name) + "/reports/" + url.PathEscape(jobID)
}

// Overrule decides in a person's name whether later trainings use a file.
func (r *SeriesResource) Overrule(ctx context.Context, name, jobID string, learned bool) (*Arrival, error) {
	path := "/series/" + url.PathEscape(name) + "/arrivals/" + url.PathEscape(jobID)
	call, err := newCall(http.MethodPatch, path, nil).withJSON(map[string]bool{"learned": learned})
	if err != nil {
		return nil, err
	}
	call.repeatable = true
	return fetch[Arrival](ctx, r.client, call)
}
