package regatta

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// countingRows answers a prediction for each line of a CSV body, and keeps the bodies.
func countingRows(bodies *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*bodies = append(*bodies, string(body))
		rows := strings.Count(string(body), "\n") - 1
		answering(200, Predictions{Predictions: make([]float64, rows), Count: rows, Warnings: []string{"odd"}})(w, r)
	}
}

func TestASmallCSVIsSentAsItIs(t *testing.T) {
	var bodies []string
	client, service, _ := newFake(t, countingRows(&bodies))
	source := "A title \"\n\na;b\n1;2\n"
	how := PredictCSV{Predict: Predict{Model: "mix", Interval: 0.9}, Delimiter: ";"}
	if _, err := client.Predict.CSV(background, strings.NewReader(source), how); err != nil || bodies[0] != source {
		t.Errorf("%v %q", err, bodies)
	}
	if query := service.requests[0].URL.RawQuery; query != "delimiter=%3B&interval=0.9&model_name=mix" {
		t.Error(query)
	}
}

func TestALargeCSVIsDividedBetweenItsRows(t *testing.T) {
	var source bytes.Buffer
	source.WriteString("a,\"b\nc\"\n")
	const rows = 130_000
	for row := range rows {
		fmt.Fprintf(&source, "%d,\"5\"\" pipe, %040d\"\n", row, row)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(source.Bytes())
	_ = writer.Close()
	for _, reader := range []io.Reader{bytes.NewReader(source.Bytes()), &packed} {
		var bodies []string
		client, _, _ := newFake(t, countingRows(&bodies))
		found, err := client.Predict.CSV(background, reader, PredictCSV{})
		// The header has two lines, so each batch counts one more.
		if err != nil || found.Count != rows+len(bodies) || len(bodies) < 3 {
			t.Fatalf("%v %d in %d", err, found.Count, len(bodies))
		}
		joined := "a,\"b\nc\"\n"
		for _, body := range bodies {
			if len(body) > batchBytes+1000 || !strings.HasPrefix(body, joined[:8]) {
				t.Error("a batch is too long or has no header")
			}
		}
		for index := range bodies {
			bodies[index] = bodies[index][8:]
		}
		if "a,\"b\nc\"\n"+strings.Join(bodies, "") != source.String() {
			t.Error("the batches are not the file")
		}
		if !strings.HasPrefix(found.Warnings[1], "in the batch after ") {
			t.Error(found.Warnings)
		}
	}
}

func TestQuotesThatAreNone(t *testing.T) {
	for text, wanted := range map[string]int{
		"5\" pipe,\"a\nb\"\nx\n":  2,
		"\"a \\\" b\",1\nx\n":     2,
		"a, \"b\nc\" ,d\nx\n":     2,
		"\"\",\"\"\"\n\"\nx,\"\"": 2,
		"one":                     1,
	} {
		batches := &csvBatches{reader: bufioOf(text)}
		records := 0
		for {
			record, err := batches.record()
			if len(record) > 0 {
				records++
			}
			if err != nil {
				break
			}
		}
		if records != wanted {
			t.Errorf("%q: %d records", text, records)
		}
	}
}

func TestAQuoteThatNeverCloses(t *testing.T) {
	source := "a,b\n\"" + strings.Repeat("x\n", batchBytes)
	client, _, _ := newFake(t, answering(200, Predictions{}))
	if _, err := client.Predict.CSV(background, strings.NewReader(source), PredictCSV{}); !errors.Is(err, ErrInvalidInput) {
		t.Error(err)
	}
}

func TestErrorsCountTheRowsOfTheWhole(t *testing.T) {
	requests := 0
	client, _, _ := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		if requests == 1 {
			answering(200, Predictions{Count: batchRows, Predictions: make([]float64, batchRows)})(w, r)
			return
		}
		w.Header().Set(versionHeader, Version)
		w.WriteHeader(422)
		_, _ = w.Write([]byte(`{"type": "urn:regatta:problem:invalid-records", "errors": [{"row": 7, "message": "no"}]}`))
	})
	rows := make([]map[string]int, batchRows+10)
	_, err := client.Predict.Rows(background, rows, Predict{Model: "mix"})
	var failure *Error
	if !errors.As(err, &failure) || *failure.Errors[0].Row != batchRows+7 {
		t.Error(err)
	}
}

func TestHowACSVIsWritten(t *testing.T) {
	var sent map[string]any
	client, service, _ := newFake(t, answering(200, nil), func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		answering(200, nil)(w, r)
	})
	without := false
	style := CSVStyle{Delimiter: "semicolon", Decimal: "comma", BOM: &without}
	if _, err := client.Data.Download(background, io.Discard, Download{CSVStyle: style}); err != nil {
		t.Fatal(err)
	}
	if query := service.requests[0].URL.RawQuery; query != "bom=false&decimal=comma&delimiter=semicolon" {
		t.Error(query)
	}
	asked := Export{FileID: "f", CSVStyle: style}
	if _, err := client.Predict.Export(background, io.Discard, asked); err != nil {
		t.Fatal(err)
	}
	if sent["delimiter"] != "semicolon" || sent["decimal"] != "comma" || sent["bom"] != false {
		t.Error(sent)
	}
}
