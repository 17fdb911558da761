package regatta

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A retryPolicy says how often and after what pause a call is sent again.
type retryPolicy struct {
	count int
	// The pause before retry n is random between 0 and base * 2^n, but at most longest.
	base, longest time.Duration
	// A service that asks for a longer pause than this gets no retry; the error has its RetryAfter.
	longestAsked time.Duration
	// random returns a duration from 0 up to its argument.
	random func(time.Duration) time.Duration
}

var defaultRetries = retryPolicy{
	count:        4,
	base:         250 * time.Millisecond,
	longest:      8 * time.Second,
	longestAsked: time.Minute,
	random:       func(most time.Duration) time.Duration { return rand.N(most + 1) },
}

// A clock returns the time and waits; tests have one of their own.
type clock interface {
	Now() time.Time
	// Sleep waits, or returns the cause of the context's end.
	Sleep(ctx context.Context, pause time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// repeat calls attempt until it succeeds, or its error is none that a later attempt may mend.
func (c *Client) repeat(
	ctx context.Context, repeatable bool, attempt func() (*http.Response, error),
) (*http.Response, error) {
	for retry := 0; ; retry++ {
		response, err := attempt()
		var failure *Error
		if err == nil || !errors.As(err, &failure) || retry >= c.retries.count || !mayPass(failure, repeatable) {
			return response, err
		}
		if failure.RetryAfter > c.retries.longestAsked {
			return nil, err
		}
		if c.clock.Sleep(ctx, max(failure.RetryAfter, c.retries.pause(retry))) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// pause returns the random pause before a retry: full jitter, so that clients do not come back all at once.
func (p *retryPolicy) pause(retry int) time.Duration {
	most := p.longest
	if retry < 16 {
		most = min(most, p.base<<retry)
	}
	return p.random(most)
}

// mayPass reports whether a later attempt may succeed, and does no harm.
func mayPass(failure *Error, repeatable bool) bool {
	switch failure.Type {
	case ErrTooManyRequests, ErrStorageUnavailable:
		return true // It was not carried out.
	case ErrUnreachable:
		return repeatable || neverSent(failure)
	case ErrIdempotencyKeyInUse, ErrConflict, ErrDeadlineExceeded, ErrWorkerEnded, ErrOutcomeUnknown, ErrTimedOut:
		return repeatable
	}
	switch failure.Status {
	case 0: // Nothing answered at the URL of a file.
		return failure.Type == ErrRedirectTarget && repeatable
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return repeatable
	}
	return false
}

// neverSent reports whether no connection was made, so that the service cannot have seen the request.
func neverSent(failure *Error) bool {
	var operation *net.OpError
	return errors.As(failure.cause, &operation) && operation.Op == "dial"
}

// retryAfter returns the pause that an answer asks for in seconds or by a date; 0 without.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	if date, err := http.ParseTime(value); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}
