package regatta

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"
)

var background = context.Background()

func TestReadingIsRepeatedWithGrowingPauses(t *testing.T) {
	client, service, clock := newFake(t, breaking, breaking, answeringHTML(502), answering(200, Files{}))
	if _, err := client.Data.List(background); err != nil {
		t.Fatal(err)
	}
	wanted := []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}
	if !slices.Equal(clock.pauses, wanted) || len(service.requests) != 4 {
		t.Errorf("pauses %v, requests %d", clock.pauses, len(service.requests))
	}
}

func TestPausesEndAndAreBounded(t *testing.T) {
	client, service, clock := newFake(t, breaking)
	client.retries.count = 8
	_, err := client.Data.List(background)
	if !errors.Is(err, ErrUnreachable) || len(service.requests) != 9 {
		t.Errorf("%v after %d requests", err, len(service.requests))
	}
	if longest := slices.Max(clock.pauses); longest != client.retries.longest {
		t.Errorf("the longest pause is %v", longest)
	}
}

func TestJitterIsFull(t *testing.T) {
	policy := defaultRetries
	for range 100 {
		if pause := policy.pause(3); pause < 0 || pause > 2*time.Second {
			t.Fatalf("pause %v", pause)
		}
	}
}

func TestNothingIsRepeatedWithoutRetries(t *testing.T) {
	client, service, _ := newFake(t, breaking)
	WithRetries(0)(client)
	if _, err := client.Data.List(background); err == nil || len(service.requests) != 1 {
		t.Errorf("%v after %d requests", err, len(service.requests))
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	date := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC).Format(http.TimeFormat)
	for value, wanted := range map[string]time.Duration{"7": 7 * time.Second, date: 30 * time.Second} {
		client, _, clock := newFake(t, refusing(429, ErrTooManyRequests, value), answering(200, Files{}))
		if _, err := client.Data.List(background); err != nil || !slices.Equal(clock.pauses, []time.Duration{wanted}) {
			t.Errorf("%v: pauses %v", err, clock.pauses)
		}
	}
}

func TestRetryAfterHasABound(t *testing.T) {
	client, service, clock := newFake(t, refusing(503, ErrStorageUnavailable, "3600"))
	_, err := client.Data.List(background)
	var failure *Error
	if !errors.As(err, &failure) || failure.RetryAfter != time.Hour {
		t.Errorf("%#v", err)
	}
	if len(service.requests) != 1 || len(clock.pauses) != 0 {
		t.Errorf("%d requests, pauses %v", len(service.requests), clock.pauses)
	}
}

func TestWhatCreatesCarriesOneKeyThroughItsRepetitions(t *testing.T) {
	client, service, _ := newFake(t, breaking, refusing(409, ErrIdempotencyKeyInUse, ""), answering(200, ProcessEffect{}))
	if _, err := client.Data.Process(background, Process{Target: "y"}); err != nil {
		t.Fatal(err)
	}
	keys := map[string]int{}
	for _, request := range service.requests {
		keys[request.Header.Get(idempotencyHeader)]++
	}
	if len(keys) != 1 || len(service.requests) != 3 || keys[""] != 0 {
		t.Errorf("keys %v", keys)
	}
}

func TestACallerMayGiveTheKey(t *testing.T) {
	client, service, _ := newFake(t, answering(200, ProcessEffect{}))
	if _, err := client.Data.Process(background, Process{}, WithIdempotencyKey("mine")); err != nil {
		t.Fatal(err)
	}
	if key := service.requests[0].Header.Get(idempotencyHeader); key != "mine" {
		t.Errorf("key %q", key)
	}
}

func TestWhatMayNotBeRepeatedIsSentOnce(t *testing.T) {
	client, service, _ := newFake(t, breaking)
	if _, err := client.Models.Delete(background, "mix", 1); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	if len(service.requests) != 1 {
		t.Errorf("%d requests", len(service.requests))
	}
}

func TestWhatWasNotCarriedOutIsRepeated(t *testing.T) {
	client, service, _ := newFake(t, refusing(503, ErrStorageUnavailable, ""), answering(200, VersionsDeleted{}))
	if _, err := client.Models.Delete(background, "mix", 1); err != nil || len(service.requests) != 2 {
		t.Errorf("%v after %d requests", err, len(service.requests))
	}
}

func TestAContextEndsThePause(t *testing.T) {
	client, _, _ := newFake(t, breaking)
	client.clock = systemClock{}
	client.retries.random = func(time.Duration) time.Duration { return time.Hour }
	ctx, cancel := context.WithCancelCause(background)
	reason := errors.New("enough")
	client.retries.random = func(time.Duration) time.Duration { cancel(reason); return time.Hour }
	if _, err := client.Data.List(ctx); !errors.Is(err, reason) {
		t.Error(err)
	}
}

func TestAnswersLeaveTheConnectionOpen(t *testing.T) {
	client, service, _ := newFake(t, answering(200, Files{}), refusing(404, ErrNoSuchFile, ""), answering(200, Files{}))
	for range 3 {
		_, _ = client.Data.List(background)
	}
	ports := map[string]bool{}
	for _, request := range service.requests {
		ports[request.RemoteAddr] = true
	}
	if len(ports) != 1 {
		t.Errorf("%d connections", len(ports))
	}
}
