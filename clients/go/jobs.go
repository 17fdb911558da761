package regatta

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Seconds that the service may wait with its answer for a change of a job; a gateway allows 29.
const longPollSeconds = 20

// The pause between two questions, should the service answer at once without a change.
const pollPause = 500 * time.Millisecond

// JobsResource has the long work of the service; see [Client].
type JobsResource struct{ client *Client }

// List returns the newest jobs, the newest first: a page of up to limit (0: 20) after the job that the page before named
// in Next ("": from the newest).
func (r *JobsResource) List(ctx context.Context, limit int, after string) (*JobPage, error) {
	return get[JobPage](ctx, r.client, "/jobs", pageQuery(limit, after))
}

// pageQuery asks for a page of a list.
func pageQuery(limit int, cursor string) url.Values {
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return query
}

// Get returns a job with its progress, and its result or error when it is over.
func (r *JobsResource) Get(ctx context.Context, jobID string) (*Job, error) {
	return get[Job](ctx, r.client, "/jobs/"+url.PathEscape(jobID), nil)
}

// Wait follows a job until it is over. One that failed or was cancelled is returned together with an error.
func (r *JobsResource) Wait(ctx context.Context, jobID string, options ...CallOption) (*Job, error) {
	return r.wait(ctx, jobID, callWith(options).progress)
}

func (r *JobsResource) wait(ctx context.Context, jobID string, report func(string, float64)) (*Job, error) {
	query := url.Values{}
	path := "/jobs/" + url.PathEscape(jobID)
	var before *Job
	for {
		asked := r.client.clock.Now()
		job, err := get[Job](ctx, r.client, path, query)
		if err != nil {
			return nil, err
		}
		query.Set("wait", strconv.Itoa(longPollSeconds))
		if before == nil || job.Stage != before.Stage || job.Progress != before.Progress || job.IsOver() {
			report(job.Stage, job.Progress)
		} else if r.client.clock.Now().Sub(asked) < pollPause {
			if err := r.client.clock.Sleep(ctx, pollPause); err != nil {
				return nil, err
			}
		}
		if job.IsOver() {
			return job, job.failure()
		}
		before = job
	}
}

// Cancel ends a job; a running one ends at its next step.
func (r *JobsResource) Cancel(ctx context.Context, jobID string) (*Job, error) {
	call := newCall(http.MethodPost, "/jobs/"+url.PathEscape(jobID)+"/cancel", nil)
	return fetch[Job](ctx, r.client, call)
}

// Retry starts a job that failed or was cancelled from the beginning.
func (r *JobsResource) Retry(ctx context.Context, jobID string, options ...CallOption) (*Job, error) {
	call := newCall(http.MethodPost, "/jobs/"+url.PathEscape(jobID)+"/retry", nil)
	return fetch[Job](ctx, r.client, call.withKey(callWith(options).key))
}

// IsOver reports whether a job has succeeded, failed or been cancelled.
func (j *JobSummary) IsOver() bool {
	return j.Status == "succeeded" || j.Status == "failed" || j.Status == "cancelled"
}

// Decode reads the result of a job, which is what its call would have answered: a [Trained], a [Comparison] and so on.
func (j *JobSummary) Decode(result any) error { return json.Unmarshal(j.Result, result) }

// failure returns why a job that is over has no result.
func (j *JobSummary) failure() error {
	switch {
	case j.Status == "succeeded" || j.hasResult():
		return nil
	case j.Error != nil:
		return j.Error
	case j.Status == "cancelled":
		return &Error{
			Type: ErrJobCancelled, Title: "The job was cancelled", Instance: "/jobs/" + j.JobID,
			Detail: "Somebody cancelled job " + j.JobID + ". Jobs.Retry starts it again.",
		}
	}
	return &Error{Type: ErrInternal, Title: "The job failed", Detail: "Job " + j.JobID + " failed without saying why."}
}

func (j *JobSummary) hasResult() bool { return len(j.Result) > 0 && string(j.Result) != "null" }

// order sends work that may take long, follows its job, and returns the answer.
func order[T any](ctx context.Context, c *Client, method, path string, body any, options *callOptions) (*T, error) {
	call, err := newCall(method, path, nil).withJSON(body)
	if err != nil {
		return nil, err
	}
	call.withKey(options.key).header.Set("Prefer", "respond-async")
	response, err := c.send(ctx, call)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusAccepted {
		return decode[T](ctx, response)
	}
	job, err := c.followJob(ctx, response, options)
	if err != nil {
		return nil, err
	}
	answer := new(T)
	if err := job.Decode(answer); err != nil {
		return nil, notRegatta(response, err)
	}
	return answer, nil
}

// followJob follows the job of a 202 until it is over.
func (c *Client) followJob(ctx context.Context, response *http.Response, options *callOptions) (*Job, error) {
	job, err := decode[Job](ctx, response)
	if err != nil {
		return nil, err
	}
	return c.Jobs.wait(ctx, job.JobID, options.progress)
}
