package regatta

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Version is the version of this client. It works with services of the same major version; before 1.0, of the same minor
// version.
const Version = "0.2.0"

// DefaultURL is where an embedded stack answers.
const DefaultURL = "http://127.0.0.1:8000"

// A Client calls one Regatta service. Make it with [New]; several goroutines may share it.
type Client struct {
	// Data has the datasets: upload, look at, clean, download.
	Data *DataResource
	// Models has the models: train, compare, inspect, choose, delete.
	Models *ModelsResource
	// Predict has the predictions of one row, many rows and whole files.
	Predict *PredictResource
	// Jobs has the long work: progress, results, cancelling.
	Jobs *JobsResource
	// Series has files that arrive one after another and train one model.
	Series *SeriesResource

	base    string
	header  http.Header
	http    *http.Client
	retries retryPolicy
	clock   clock
}

// New returns a client of the service at baseURL, which may have a path, such as the stage of a gateway or the prefix of
// a proxy. Without one it takes the environment's REGATTA_URL, else [DefaultURL]; REGATTA_API_KEY is the key, unless
// [WithAPIKey] gives another.
func New(baseURL string, options ...Option) (*Client, error) {
	if baseURL == "" {
		baseURL = os.Getenv("REGATTA_URL")
	}
	if baseURL == "" {
		baseURL = DefaultURL
	}
	parsed, err := url.Parse(baseURL)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, &Error{
			Type:   ErrInvalidInput,
			Title:  "The base URL is not usable",
			Detail: "Give an address such as " + DefaultURL + " or https://host/prefix, not '" + baseURL + "'.",
			cause:  err,
		}
	}
	client := &Client{
		base:    strings.TrimRight(parsed.Scheme+"://"+parsed.Host+parsed.EscapedPath(), "/"),
		header:  http.Header{"User-Agent": {"regatta-go/" + Version}},
		http:    &http.Client{Transport: defaultTransport()},
		retries: defaultRetries,
		clock:   systemClock{},
	}
	if user := parsed.User; user != nil {
		password, _ := user.Password()
		client.header.Set("Authorization", basicCredentials(user.Username(), password))
	}
	if key := os.Getenv("REGATTA_API_KEY"); key != "" {
		client.header.Set(apiKeyHeader, key)
	}
	for _, option := range options {
		option(client)
	}
	client.http = withoutRedirects(client.http)
	client.Data = &DataResource{client}
	client.Models = &ModelsResource{client}
	client.Predict = &PredictResource{client}
	client.Jobs = &JobsResource{client}
	client.Series = &SeriesResource{client}
	return client, nil
}

// Status returns the state of the service and of what it depends on.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	return get[Status](ctx, c, "/system/status", nil)
}

// Version returns the version of the service.
func (c *Client) Version(ctx context.Context) (string, error) {
	index, err := get[struct {
		Version string `json:"version"`
	}](ctx, c, "/", nil)
	if err != nil {
		return "", err
	}
	return index.Version, nil
}

// defaultTransport returns Go's transport with enough idle connections for parts sent side by side. A service that does
// not answer a request for two minutes is given up; sending a large body may take longer.
func defaultTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.ResponseHeaderTimeout = 2 * time.Minute
	return transport
}
