package regatta

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func job(status, stage string, progress float64, rest map[string]any) map[string]any {
	fields := map[string]any{"job_id": "j1", "status": status, "stage": stage, "progress": progress}
	for name, value := range rest {
		fields[name] = value
	}
	return fields
}

func TestAJobIsFollowedByLongPolls(t *testing.T) {
	client, service, clock := newFake(t,
		answering(202, job("queued", "queued", 0, nil)),
		answering(200, job("queued", "queued", 0, nil)),
		answering(200, job("running", "fitting", 0.5, nil)),
		answering(200, job("running", "fitting", 0.5, nil)),
		answering(200, job("succeeded", "done", 1, map[string]any{"result": map[string]any{"version": 7}})),
	)
	var stages []string
	report := OnProgress(func(stage string, _ float64) { stages = append(stages, stage) })
	trained, err := client.Models.Train(background, Train{ModelType: "ridge"}, report)
	if err != nil || trained.Version != 7 {
		t.Fatalf("%v %v", trained, err)
	}
	if !slices.Equal(stages, []string{"queued", "fitting", "done"}) {
		t.Error(stages)
	}
	if prefer := service.requests[0].Header.Get("Prefer"); prefer != "respond-async" {
		t.Error(prefer)
	}
	if uri := service.requests[2].RequestURI; uri != "/jobs/j1?wait=20" {
		t.Error(uri)
	}
	// A service that answers without waiting and without news is not asked without end.
	if len(clock.pauses) != 1 || clock.pauses[0] != pollPause {
		t.Error(clock.pauses)
	}
}

func TestAJobThatFails(t *testing.T) {
	problem := map[string]any{"type": problemPrefix + "bad-target", "title": "No", "status": 422, "detail": "Choose."}
	client, _, _ := newFake(t,
		answering(202, job("queued", "queued", 0, nil)),
		answering(200, job("failed", "failed", 0.2, map[string]any{"error": problem})),
	)
	if _, err := client.Models.Compare(background, Compare{}); !errors.Is(err, ErrBadTarget) {
		t.Error(err)
	}
}

func TestAJobThatSomebodyCancels(t *testing.T) {
	client, _, _ := newFake(t, answering(200, job("cancelled", "cancelled", 0.2, nil)))
	found, err := client.Jobs.Wait(background, "j1")
	if !errors.Is(err, ErrJobCancelled) || found.Status != "cancelled" {
		t.Errorf("%v %v", found, err)
	}
	// A race that was cancelled ends with its best model so far.
	race := map[string]any{"result": map[string]any{"cut": "cancelled"}}
	client, _, _ = newFake(t, answering(200, job("cancelled", "cancelled", 0.2, race)))
	if _, err := client.Jobs.Wait(background, "j1"); err != nil {
		t.Error(err)
	}
}

func TestAnExportThatBecomesAJobIsFetched(t *testing.T) {
	_, bucket, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a\n")) })
	result := map[string]any{"result": map[string]any{"url": bucket.URL + "/export"}}
	client, _, _ := newFake(t, answering(202, job("queued", "queued", 0, nil)), answering(200, job("succeeded", "", 1, result)))
	var file buffer
	if _, err := client.Predict.Export(background, &file, Export{FileID: "f"}); err != nil || file.String() != "a\n" {
		t.Errorf("%q %v", file.String(), err)
	}
}

type noted struct{ buffer }

func (*noted) Close() error { return nil }

func TestThePartsOfALargeExportAreDownloadedInTheirOrder(t *testing.T) {
	_, bucket, _ := newFake(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Path)) })
	client, _, _ := newFake(t, answering(200, nil))
	manifest := fmt.Sprintf(
		`{"parts": [{"url": "%s/b", "filename": "m-0.parquet", "rows": 2}, {"url": "%s/a", "filename": "m-1.parquet"}]}`,
		bucket.URL, bucket.URL)
	var names, written []string
	files := []*noted{{}, {}}
	err := client.Predict.Parts(background, strings.NewReader(manifest), func(part ExportPart) (io.WriteCloser, error) {
		names = append(names, part.Filename)
		return files[len(names)-1], nil
	})
	for _, file := range files {
		written = append(written, file.String())
	}
	if err != nil || !slices.Equal(names, []string{"m-0.parquet", "m-1.parquet"}) || !slices.Equal(written, []string{"/b", "/a"}) {
		t.Errorf("%v %v %v", names, written, err)
	}
}

func TestAPartThatDoesNotComeEndsTheDownload(t *testing.T) {
	_, bucket, _ := newFake(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	client, _, _ := newFake(t, answering(200, nil))
	create := func(ExportPart) (io.WriteCloser, error) { return &noted{}, nil }
	for _, manifest := range []string{`{"parts": [{"url": "` + bucket.URL + `/a"}]}`, "no manifest"} {
		if err := client.Predict.Parts(background, strings.NewReader(manifest), create); err == nil {
			t.Errorf("%s was taken", manifest)
		}
	}
}

func TestObjectsArePredictedAsAJobWhoseFileIsFetched(t *testing.T) {
	_, bucket, _ := newFake(t, answering(200, Predictions{Count: 3}))
	result := map[string]any{"result": map[string]any{"url": bucket.URL + "/predictions"}}
	var body map[string]any
	client, _, _ := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&body)
		answering(202, job("queued", "queued", 0, nil))(w, r)
	}, answering(200, job("succeeded", "", 1, result)))
	found, err := client.Predict.Objects(background, "march/part-", Predict{Model: "mix"})
	if err != nil || found.Count != 3 || body["prefix"] != "march/part-" || body["model_name"] != "mix" {
		t.Errorf("%v %v %v", found, body, err)
	}
}
