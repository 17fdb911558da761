package regatta

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

type buffer = bytes.Buffer

func TestASmallFileIsOneForm(t *testing.T) {
	var forms []map[string][]string
	client, _, _ := newFake(t, breaking, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		forms = append(forms, r.MultipartForm.Value)
		file, header, err := r.FormFile("file")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(file)
		answering(200, map[string]any{"filename": header.Filename, "rows": len(body)})(w, r)
	})
	isHeader := false
	dataset, err := client.Data.Upload(background, Upload{
		Reader:   io.MultiReader(strings.NewReader("a;b\n"), strings.NewReader("1;2\n")),
		Filename: "房价.csv",
		Reading: Reading{
			HasHeader: &isHeader, Dates: "dmy", Types: map[string]string{"zip": "category"}, Missing: []string{"-999"},
		},
	})
	if err != nil || dataset.Filename != "房价.csv" || dataset.Rows != 8 {
		t.Fatalf("%+v %v", dataset, err)
	}
	wanted := "map[dates:[dmy] has_header:[false] missing:[[\"-999\"]] types:[{\"zip\":\"category\"}]]"
	if found := fmt.Sprint(forms[0]); found != wanted {
		t.Error(found)
	}
}

// A fakeBucket takes parts, and refuses the first one that it gets as if its URL had expired.
type fakeBucket struct {
	mutex   sync.Mutex
	parts   map[string][]byte
	refused bool
}

func (b *fakeBucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // Another part was refused, which ends this one halfway.
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if !b.refused {
		b.refused = true
		w.WriteHeader(403)
		return
	}
	b.parts[r.URL.Path] = body
}

func TestALargeFileIsSentInPartsAndGoesOn(t *testing.T) {
	bucket := &fakeBucket{parts: map[string][]byte{}}
	_, storage, _ := newFake(t, bucket.ServeHTTP)
	content := bytes.Repeat([]byte("0123456789abcdef"), oneRequestBytes/16+10)
	partSize := 1 << 20
	count := (len(content) + partSize - 1) / partSize
	started := map[string]any{
		"file_id": "f1", "method": "multipart", "part_size": partSize, "size_bytes": len(content),
		"created_at": "2026-01-01T00:00:00+00:00", "expires_at": "2026-01-01T00:00:00+00:00",
	}
	client, service, _ := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "POST /data/uploads", "GET /data/uploads/f1":
			var parts []PartURL
			bucket.mutex.Lock()
			for number := 1; number <= count; number++ {
				path := fmt.Sprintf("/%d", number)
				if bucket.parts[path] == nil {
					parts = append(parts, PartURL{number, storage.URL + path})
				}
			}
			bucket.mutex.Unlock()
			started["parts"] = parts
			answering(200, started)(w, r)
		case "POST /data/uploads/f1/complete":
			answering(202, started)(w, r)
		case "GET /data/files/f1":
			answering(200, map[string]any{"status": "ready", "progress": 1})(w, r)
		case "GET /data/info":
			answering(200, map[string]any{"file_id": "f1", "rows": 3})(w, r)
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	})
	var identifier string
	var last float64
	dataset, err := client.Data.Upload(background, Upload{
		Reader: bytes.NewReader(content), Filename: "large.csv", OnStart: func(fileID string) { identifier = fileID },
	}, OnProgress(func(_ string, fraction float64) { last = fraction }))
	if err != nil || dataset.Rows != 3 || identifier != "f1" || last != 1 {
		t.Fatalf("%+v %v %s %v", dataset, err, identifier, last)
	}
	var received []byte
	for number := 1; number <= count; number++ {
		received = append(received, bucket.parts[fmt.Sprintf("/%d", number)]...)
	}
	if !bytes.Equal(received, content) {
		t.Error("the parts are not the file")
	}
	for _, request := range storage.requests {
		if request.Header.Get(apiKeyHeader) != "" {
			t.Error("the bucket gets no key")
		}
	}
	if len(service.requests) < 5 {
		t.Errorf("%d requests", len(service.requests))
	}
}
