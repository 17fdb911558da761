package regatta

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// redirecting answers with a 303 to target.
func redirecting(target string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusSeeOther)
	}
}

func TestARedirectIsFollowedWithoutTheKey(t *testing.T) {
	_, bucket, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a,b\n1,2\n")) })
	client, service, _ := newFake(t, redirecting(bucket.URL+"/file?signature=x"))
	var file bytes.Buffer
	size, err := client.Predict.Export(background, &file, Export{FileID: "f", Predict: Predict{Model: "mix"}})
	if err != nil || size != 8 || file.String() != "a,b\n1,2\n" {
		t.Errorf("%d %v %q", size, err, file.String())
	}
	if service.requests[0].Header.Get(apiKeyHeader) != "secret" {
		t.Error("the service gets the key")
	}
	if header := bucket.requests[0].Header; header.Get(apiKeyHeader) != "" || header.Get(idempotencyHeader) != "" {
		t.Errorf("another host gets none: %v", header)
	}
}

func TestARedirectToTheServiceKeepsTheKey(t *testing.T) {
	client, service, _ := newFake(t, redirecting("/elsewhere"), answering(200, Predictions{Count: 3}))
	if _, err := client.Predict.File(background, "f", Predict{Model: "mix"}); err != nil {
		t.Fatal(err)
	}
	if request := service.requests[1]; request.Header.Get(apiKeyHeader) != "secret" || request.URL.Path != "/elsewhere" {
		t.Errorf("%v", request)
	}
}

func TestARedirectToAHostOutOfReach(t *testing.T) {
	_, bucket, _ := newFake(t, breaking)
	bucket.Close()
	client, _, clock := newFake(t, redirecting(bucket.URL+"/file"))
	_, err := client.Data.Download(background, &bytes.Buffer{}, Download{})
	if !errors.Is(err, ErrRedirectTarget) || !strings.Contains(err.Error(), bucket.URL[len("http://"):]) {
		t.Error(err)
	}
	if len(clock.pauses) != 4 {
		t.Errorf("pauses %v", clock.pauses)
	}
}

func TestARedirectToAURLThatExpired(t *testing.T) {
	_, bucket, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })
	client, _, _ := newFake(t, redirecting(bucket.URL+"/file"))
	_, err := client.Data.Download(background, &bytes.Buffer{}, Download{})
	var failure *Error
	if !errors.As(err, &failure) || failure.Type != ErrRedirectTarget || failure.Status != 403 {
		t.Error(err)
	}
}

func TestAFileThatBreaksOff(t *testing.T) {
	client, _, _ := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("a"))
	})
	if _, err := client.Data.Download(background, &bytes.Buffer{}, Download{}); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}
