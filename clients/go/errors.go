package regatta

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// An Error is everything that can go wrong with a call but the end of its context: a problem document of the service
// (RFC 9457), or what this client found out itself, whose Status is 0 if nothing answered.
type Error struct {
	// Type is the kind of the error; errors.Is compares it, as in errors.Is(err, regatta.ErrNoSuchModel).
	Type ProblemType `json:"type"`
	// Title says what this kind of error is.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail says what is wrong here and what to do.
	Detail string `json:"detail"`
	// Instance is the path of the request.
	Instance string `json:"instance,omitempty"`
	// Errors names each field, row and column that is wrong.
	Errors []FieldError `json:"errors,omitempty"`
	// InferenceError is what the Open Inference Protocol calls Detail.
	InferenceError string `json:"error,omitempty"`
	// RetryAfter is how long the service asked to wait.
	RetryAfter time.Duration `json:"-"`

	cause error
}

// FieldError is one thing that is wrong with a request or a file, and where.
type FieldError struct {
	Message string `json:"message"`
	// Field is the field of the request or the column of the table.
	Field string `json:"field,omitempty"`
	// Row is counted as in a spreadsheet, or from 0 in a list of records.
	Row *int `json:"row,omitempty"`
	// Part is the number of a part of an upload.
	Part *int `json:"part,omitempty"`
	// Line is the line of the file.
	Line *int `json:"line,omitempty"`
}

// Most field errors that a message shows; Errors has them all.
const shownErrors = 3

// Error returns the title, the detail and the first fields that are wrong.
func (e *Error) Error() string {
	text := "regatta: " + e.Title
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	for index, each := range e.Errors {
		if index == shownErrors {
			return fmt.Sprintf("%s (and %d more)", text, len(e.Errors)-shownErrors)
		}
		text += " (" + each.where() + each.Message + ")"
	}
	return text
}

func (e *FieldError) where() string {
	switch {
	case e.Field != "" && e.Row != nil:
		return fmt.Sprintf("%s, row %d: ", e.Field, *e.Row)
	case e.Field != "":
		return e.Field + ": "
	case e.Row != nil:
		return fmt.Sprintf("row %d: ", *e.Row)
	}
	return ""
}

// Is reports whether target is the type of this error.
func (e *Error) Is(target error) bool {
	kind, ok := target.(ProblemType)
	return ok && kind == e.Type
}

// Unwrap returns the error below, such as that of a connection.
func (e *Error) Unwrap() error { return e.cause }

// Most bytes of an answer that are read for an error, or to let its connection be used again.
const errorBytes = 1 << 20

// problemOf returns the error that an answer of the service or of something before it stands for, and closes its body.
func problemOf(response *http.Response, now time.Time) *Error {
	defer drain(response)
	body, _ := io.ReadAll(io.LimitReader(response.Body, errorBytes))
	problem := &Error{}
	isProblem := bytes.Contains(body, []byte(problemPrefix)) && json.Unmarshal(body, problem) == nil
	problem.RetryAfter = retryAfter(response.Header, now)
	switch {
	case response.StatusCode == http.StatusUnauthorized, response.StatusCode == http.StatusForbidden:
		said := problem.Detail
		*problem = *unauthorized(response)
		if said != "" {
			problem.Detail = said + " " + problem.Detail
		}
	case !isProblem && response.StatusCode == http.StatusTooManyRequests:
		problem.Type, problem.Title, problem.Status = ErrTooManyRequests, "Too many requests", response.StatusCode
		problem.Detail = "A gateway or proxy limits how often it may be called. Wait, and call again."
	case !isProblem:
		after := problem.RetryAfter
		*problem = *notRegatta(response, nil)
		problem.RetryAfter = after
	}
	return problem
}

func unauthorized(response *http.Response) *Error {
	return &Error{
		Type:   ErrUnauthorized,
		Title:  "The service does not let this caller in",
		Status: response.StatusCode,
		Detail: "Give the right key with WithAPIKey or in REGATTA_API_KEY, or the header that the gateway asks for " +
			"with WithHeader.",
	}
}

func notRegatta(response *http.Response, cause error) *Error {
	answer := response.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(answer); err == nil {
		answer = media
	}
	if answer == "" {
		answer = "no content type"
	}
	detail := fmt.Sprintf("%s answered %d with %s, as Regatta does not. Check the base URL with its path, and whether a "+
		"proxy or a login page answers in its place.", response.Request.URL.Redacted(), response.StatusCode, answer)
	if location := response.Header.Get("Location"); location != "" {
		detail += " It redirects to " + location + ": if that is the service, use its address."
	}
	return &Error{
		Type: ErrNotRegatta, Title: "No Regatta answers there", Status: response.StatusCode, Detail: detail, cause: cause,
	}
}

// unreadable returns the error of an answer that has the header of a service, and that no service has written.
func unreadable(response *http.Response, reason string, cause error) *Error {
	return &Error{
		Type: ErrNotRegatta, Title: "No Regatta answers there", Status: response.StatusCode, cause: cause,
		Detail: fmt.Sprintf("%s sent an answer that cannot be read: %s. Look at the proxies before the service, and "+
			"whether the base URL is right.", response.Request.URL.Redacted(), reason),
	}
}

func incompatible(response *http.Response, version string) *Error {
	return &Error{
		Type:   ErrIncompatibleServer,
		Title:  "The service has another major version",
		Status: response.StatusCode,
		Detail: fmt.Sprintf("The service is Regatta %s and this client %s. Use the client of the service's version.",
			version, Version),
	}
}

func unreachable(request *http.Request, cause error) *Error {
	return &Error{
		Type:  ErrUnreachable,
		Title: "The service does not answer",
		Detail: fmt.Sprintf("No answer from %s (%s). Check that it runs and that the base URL is right; "+
			"`regatta up` starts one on this machine.", request.URL.Host, rootOf(cause)),
		cause: cause,
	}
}

// rootOf returns the innermost error, without the address that the ones around it repeat.
func rootOf(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
