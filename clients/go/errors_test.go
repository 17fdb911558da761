package regatta

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
)

func TestProblemDocumentsAreErrors(t *testing.T) {
	client, _, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.WriteHeader(422)
		_, _ = w.Write([]byte(`{"type": "urn:regatta:problem:invalid-records", "title": "Not usable", "status": 422,
			"detail": "Correct 'age'.", "errors": [{"field": "age", "row": 3, "message": "must be a number"}], "new": 1}`))
	})
	_, err := client.Predict.Row(background, Row{"age": "old"}, Predict{Model: "mix"})
	var failure *Error
	if !errors.As(err, &failure) || !errors.Is(err, ErrInvalidRecords) || errors.Is(err, ErrInvalidInput) {
		t.Fatalf("%#v", err)
	}
	if failure.Status != 422 || *failure.Errors[0].Row != 3 {
		t.Errorf("%#v", failure)
	}
	if wanted := "regatta: Not usable: Correct 'age'. (age, row 3: must be a number)"; err.Error() != wanted {
		t.Errorf("%s", err)
	}
}

func TestWhatIsNotRegatta(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"a page":            answeringHTML(200),
		"a page of a proxy": answeringHTML(404),
		"other JSON":        func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"files": []}`)) },
		"a page with the header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, Version)
			_, _ = w.Write([]byte("<html>"))
		},
		"a redirect to another scheme": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://regatta.example/", http.StatusMovedPermanently)
		},
	}
	for name, handler := range handlers {
		client, _, _ := newFake(t, handler)
		if _, err := client.Data.List(background); !errors.Is(err, ErrNotRegatta) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherMajorVersion(t *testing.T) {
	for version, isCompatible := range map[string]bool{"0.2.7": true, "0.3.0": false, "1.0.0": false} {
		client, _, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, version)
			_, _ = w.Write([]byte(`{"files": []}`))
		})
		_, err := client.Data.List(background)
		if errors.Is(err, ErrIncompatibleServer) == isCompatible {
			t.Errorf("%s: %v", version, err)
		}
	}
	if !compatible("1.7.0", "1.2.0") || compatible("2.0.0", "1.2.0") {
		t.Error("from 1.0 on the major version counts")
	}
}

func TestAnAnswerThatNoServiceHasWritten(t *testing.T) {
	for body, reason := range map[string]string{
		"null": "no JSON object", `"ok"`: "no JSON object", "": "is empty", `{"files": [`: "is cut off", "{]": "no JSON",
	} {
		client, _, clock := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(versionHeader, Version)
			_, _ = w.Write([]byte(body))
		})
		_, err := client.Data.List(background)
		if !errors.Is(err, ErrNotRegatta) || !strings.Contains(err.Error(), reason) || len(clock.pauses) > 0 {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestAVersionThatIsNone(t *testing.T) {
	client, _, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(versionHeader, "banana") })
	if _, err := client.Data.List(background); !errors.Is(err, ErrNotRegatta) || !strings.Contains(err.Error(), `"banana"`) {
		t.Error(err)
	}
}

func TestARedirectToNowhere(t *testing.T) {
	client, _, _ := newFake(t, answering(http.StatusSeeOther, struct{}{}))
	_, err := client.Predict.File(background, "f", Predict{Model: "mix"})
	if !errors.Is(err, ErrNotRegatta) || !strings.Contains(err.Error(), "does not say where to") {
		t.Error(err)
	}
}

func TestAnAnswerThatBreaksOff(t *testing.T) {
	client, _, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"files": [`))
	})
	if _, err := client.Data.List(background); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}

func TestNumbersThatJSONDoesNotHave(t *testing.T) {
	client, service, _ := newFake(t, answering(200, Predictions{}))
	missing := math.NaN()
	encoded, err := json.Marshal(Row{"a": float32(missing), "b": &missing})
	if err != nil || string(encoded) != `{"a":null,"b":null}` {
		t.Errorf("%s %v", encoded, err)
	}
	type house struct{ Rooms float64 }
	for wanted, rows := range map[string]any{
		`row 1: column "a" is +Inf`: []Row{{}, {"a": math.Inf(1)}},
		"row 0: NaN is a number":    []house{{missing}},
	} {
		_, err := client.Predict.Rows(background, rows, Predict{Model: "mix"})
		if !errors.Is(err, ErrInvalidInput) || !strings.Contains(err.Error(), wanted) {
			t.Error(err)
		}
	}
	if _, err := client.Predict.Row(background, house{missing}, Predict{Model: "mix"}); !errors.Is(err, ErrInvalidInput) {
		t.Error(err)
	}
	if len(service.requests) > 0 {
		t.Error("something was sent")
	}
}

func TestAWrongKey(t *testing.T) {
	for _, status := range []int{401, 403} {
		client, _, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"message": "Forbidden"}`))
		})
		_, err := client.Data.List(background)
		if !errors.Is(err, ErrUnauthorized) || !strings.Contains(err.Error(), "REGATTA_API_KEY") {
			t.Error(err)
		}
	}
}

func TestAnUnreachableHost(t *testing.T) {
	client, service, clock := newFake(t, breaking)
	service.Close()
	_, err := client.Predict.Rows(background, []Row{{}}, Predict{Model: "mix"})
	if !errors.Is(err, ErrUnreachable) || len(clock.pauses) != 4 {
		t.Errorf("%v, pauses %v", err, clock.pauses)
	}
}

func TestABaseURLThatIsNone(t *testing.T) {
	for _, address := range []string{"localhost:8000", "ftp://host", "http://", "::"} {
		if _, err := New(address); !errors.Is(err, ErrInvalidInput) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTheBaseURLMayHaveAPath(t *testing.T) {
	client, service, _ := newFake(t, answering(200, Files{}))
	client, err := New(service.URL+"/prod/", WithHeader("Authorization", "Bearer x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Models.Metrics(background, "价格 /usd", 2); err != nil {
		t.Fatal(err)
	}
	request := service.requests[0]
	if request.RequestURI != "/prod/model/metrics/%E4%BB%B7%E6%A0%BC%20%2Fusd?version=2" {
		t.Error(request.RequestURI)
	}
	if request.Header.Get("Authorization") != "Bearer x" || !strings.HasPrefix(request.UserAgent(), "regatta-go/") {
		t.Error(request.Header)
	}
}

func TestTheEnvironmentGivesAddressAndKey(t *testing.T) {
	_, service, _ := newFake(t, answering(200, Files{}))
	t.Setenv("REGATTA_URL", service.URL)
	t.Setenv("REGATTA_API_KEY", "of the environment")
	client, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Data.List(background); err != nil {
		t.Fatal(err)
	}
	if key := service.requests[0].Header.Get(apiKeyHeader); key != "of the environment" {
		t.Error(key)
	}
}

func TestARowMayLackValues(t *testing.T) {
	encoded, err := json.Marshal(Row{"age": Metrics{}.R2(), "note": nil, "mass": 0.1})
	if err != nil || string(encoded) != `{"age":null,"mass":0.1,"note":null}` {
		t.Errorf("%s %v", encoded, err)
	}
}
