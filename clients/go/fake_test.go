package regatta

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakeClock stands still; Sleep moves it and notes the pause.
type fakeClock struct {
	mutex  sync.Mutex
	now    time.Time
	pauses []time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, pause time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pauses = append(c.pauses, pause)
	c.now = c.now.Add(pause)
	return context.Cause(ctx)
}

// A fakeService answers with its handlers in turn, the last one for good, and keeps the requests.
type fakeService struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []*http.Request
	handlers []http.HandlerFunc
}

// newFake returns a client of a service with these handlers, and the service. Retries pause for the longest that they
// may.
func newFake(t *testing.T, handlers ...http.HandlerFunc) (*Client, *fakeService, *fakeClock) {
	t.Helper()
	service := &fakeService{handlers: handlers}
	service.Server = httptest.NewServer(service)
	t.Cleanup(service.Close)
	client, err := New(service.URL, WithAPIKey("secret"))
	if err != nil {
		t.Fatal(err)
	}
	clock := &fakeClock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	client.clock = clock
	client.retries.random = func(most time.Duration) time.Duration { return most }
	return client, service, clock
}

func (s *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	handler := s.handlers[min(len(s.requests), len(s.handlers)-1)]
	s.requests = append(s.requests, r)
	s.mutex.Unlock()
	handler(w, r)
}

// answering returns a handler that answers as Regatta does.
func answering(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// refusing returns a handler that answers with a problem document, and with Retry-After unless that is empty.
func refusing(status int, kind ProblemType, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.Header().Set("Content-Type", "application/problem+json")
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"type": problemPrefix + string(kind), "title": "No", "status": status, "detail": "Do this.",
		})
	}
}

// breaking closes the connection without an answer.
func breaking(w http.ResponseWriter, _ *http.Request) {
	connection, _, _ := w.(http.Hijacker).Hijack()
	_ = connection.Close()
}

func answeringHTML(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html>A proxy</html>"))
	}
}

func bufioOf(text string) *bufio.Reader { return bufio.NewReader(strings.NewReader(text)) }
