package regatta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const versionHeader = "Regatta-Version"

var isVersion = regexp.MustCompile(`^\d+\.\d`)

// A call is one request to the service.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	// body opens the body for each attempt; nil sends none. size is its bytes, where its type does not tell.
	body func() (io.Reader, error)
	size int64
	// repeatable says that carrying it out twice does no harm: it reads, or it has an idempotency key.
	repeatable bool
}

// newCall returns a call without a body; what reads may be repeated.
func newCall(method, path string, query url.Values) *call {
	repeatable := method == http.MethodGet || method == http.MethodPut
	return &call{method: method, path: path, query: query, header: http.Header{}, repeatable: repeatable}
}

// withJSON gives the call a body in JSON.
func (c *call) withJSON(value any) (*call, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, invalidRequest(unsendable(err))
	}
	c.header.Set("Content-Type", "application/json")
	c.body = func() (io.Reader, error) { return bytes.NewReader(encoded), nil }
	return c, nil
}

// withKey makes a call that creates something repeatable.
func (c *call) withKey(key string) *call {
	c.header.Set(idempotencyHeader, key)
	c.repeatable = true
	return c
}

func invalidRequest(cause error) *Error {
	return &Error{Type: ErrInvalidInput, Title: "The request cannot be sent", Detail: cause.Error() + ".", cause: cause}
}

// send sends a call until it succeeds, fails, or may not be repeated. The caller closes the body of the answer, which is
// a success or a redirect to a file (303).
func (c *Client) send(ctx context.Context, call *call) (*http.Response, error) {
	return c.repeat(ctx, call.repeatable, func() (*http.Response, error) {
		request, err := c.request(ctx, call)
		if err != nil {
			return nil, err
		}
		response, err := c.http.Do(request)
		if err != nil {
			return nil, c.connectionError(ctx, unreachable(request, err))
		}
		if err := c.check(response); err != nil {
			return nil, err
		}
		return response, nil
	})
}

// request builds the request of one attempt.
func (c *Client) request(ctx context.Context, call *call) (*http.Request, error) {
	address := c.base + call.path
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	var body io.Reader
	if call.body != nil {
		opened, err := call.body()
		if err != nil {
			return nil, err
		}
		body = opened
	}
	request, err := http.NewRequestWithContext(ctx, call.method, address, body)
	if err != nil {
		return nil, invalidRequest(err)
	}
	if call.size > 0 {
		request.ContentLength = call.size
	}
	for _, headers := range []http.Header{c.header, call.header} {
		for name, values := range headers {
			request.Header[name] = values
		}
	}
	return request, nil
}

// connectionError returns the context's own error if that is why the connection ended.
func (c *Client) connectionError(ctx context.Context, failure *Error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failure
}

// check returns an error unless this is a success of a Regatta whose version goes with this client.
func (c *Client) check(response *http.Response) error {
	version := response.Header.Get(versionHeader)
	if version != "" && !isVersion.MatchString(version) {
		drain(response)
		return unreadable(response, fmt.Sprintf("its header %s is %q", versionHeader, version), nil)
	}
	if version != "" && !compatible(version, Version) {
		drain(response)
		return incompatible(response, version)
	}
	isSuccess := response.StatusCode < 300 || response.StatusCode == http.StatusSeeOther
	if isSuccess && version == "" {
		drain(response)
		return notRegatta(response, nil)
	}
	if isSuccess {
		return nil
	}
	return problemOf(response, c.clock.Now())
}

// compatible reports whether two versions have the same major number, before 1.0 also the same minor number.
func compatible(server, client string) bool {
	theirs, ours := strings.SplitN(server, ".", 3), strings.SplitN(client, ".", 3)
	if theirs[0] != ours[0] {
		return false
	}
	return ours[0] != "0" || (len(theirs) > 1 && theirs[1] == ours[1])
}

// drain reads what is left of a body and closes it, so that the connection can be used again.
func drain(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, errorBytes)
	_ = response.Body.Close()
}

// fetch sends a call, follows a redirect to a file, and decodes the JSON of the answer.
func fetch[T any](ctx context.Context, c *Client, call *call) (*T, error) {
	response, err := c.send(ctx, call)
	if err != nil {
		return nil, err
	}
	if response, err = c.follow(ctx, response); err != nil {
		return nil, err
	}
	return decode[T](ctx, response)
}

// decode reads the JSON of an answer, which is an object, and closes its body.
func decode[T any](ctx context.Context, response *http.Response) (*T, error) {
	defer drain(response)
	var answer *T
	body := &receivedBody{reader: response.Body}
	err := json.NewDecoder(body).Decode(&answer)
	switch {
	case err == nil && answer != nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case body.broken != nil:
		return nil, unreachable(response.Request, body.broken)
	case errors.Is(err, io.EOF):
		return nil, unreadable(response, "its body is empty", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, unreadable(response, "its body is cut off", err)
	}
	return nil, unreadable(response, "its body is no JSON object as expected", err)
}

// A receivedBody keeps the error with which a connection broke off, which a decoder confuses with a text that ends
// too early.
type receivedBody struct {
	reader io.Reader
	broken error
}

func (b *receivedBody) Read(buffer []byte) (int, error) {
	count, err := b.reader.Read(buffer)
	if err != nil && err != io.EOF {
		b.broken = err
	}
	return count, err
}

// get reads the JSON at a path.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	return fetch[T](ctx, c, newCall(http.MethodGet, path, query))
}

// sendJSON sends a body in JSON, with a key if it creates something, and reads the JSON of the answer.
func sendJSON[T any](ctx context.Context, c *Client, method, path, key string, body any) (*T, error) {
	call, err := newCall(method, path, nil).withJSON(body)
	if err != nil {
		return nil, err
	}
	if key != "" {
		call.withKey(key)
	}
	return fetch[T](ctx, c, call)
}
