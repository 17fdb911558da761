package regatta

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
)

const (
	apiKeyHeader      = "X-Api-Key"
	idempotencyHeader = "Idempotency-Key"
)

// An Option changes a [Client] as [New] makes it.
type Option func(*Client)

// WithAPIKey sends key as X-Api-Key, which API Gateway reads. It is never sent to the host of a presigned URL.
func WithAPIKey(key string) Option {
	return func(c *Client) { c.header.Set(apiKeyHeader, key) }
}

// WithHeader sends one more header with each request to the service, such as Authorization.
func WithHeader(name, value string) Option {
	return func(c *Client) { c.header.Set(name, value) }
}

// WithHTTPClient sends requests by client: for a proxy, certificates, a timeout or tracing. Its CheckRedirect is not
// used, because this package follows redirects itself.
func WithHTTPClient(client *http.Client) Option {
	return func(c *Client) { c.http = client }
}

// WithRetries repeats a request up to count times; 0 turns it off. The default is 4.
func WithRetries(count int) Option {
	return func(c *Client) { c.retries.count = max(0, count) }
}

// withoutRedirects returns a copy of client that returns redirects as they are.
func withoutRedirects(client *http.Client) *http.Client {
	copied := *client
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &copied
}

func basicCredentials(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// A CallOption changes a single call.
type CallOption func(*callOptions)

type callOptions struct {
	progress func(stage string, fraction float64)
	key      string
}

// OnProgress calls report while a call goes on: stage is one word for the current work, fraction goes from 0 to 1.
func OnProgress(report func(stage string, fraction float64)) CallOption {
	return func(o *callOptions) { o.progress = report }
}

// WithIdempotencyKey names a request that creates something: sent again with the same key, also by another process, it
// gets the first answer. Without it each call has a key of its own.
func WithIdempotencyKey(key string) CallOption {
	return func(o *callOptions) { o.key = key }
}

// callWith returns the options of one call, with a new key unless the caller gave one.
func callWith(options []CallOption) *callOptions {
	chosen := &callOptions{progress: func(string, float64) {}}
	for _, option := range options {
		option(chosen)
	}
	if chosen.key == "" {
		chosen.key = rand.Text()
	}
	return chosen
}
