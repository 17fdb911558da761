// Job does the whole job of a caller by the Go client, and prints what it found as one JSON object.
//
// Usage: job TABLE.csv MODEL FOLDER. The table is that of tests/support/workflow.py; exports go to FOLDER. The service is
// the one in REGATTA_URL.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"regatta"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	client, err := regatta.New("")
	check(err)
	found := map[string]any{}
	table, model, folder := os.Args[1], os.Args[2], os.Args[3]

	dataset := learn(ctx, client, table, model, found)
	predict(ctx, client, dataset, model, found)
	export(ctx, client, dataset, model, folder, found)
	sendLargeFiles(ctx, client, folder, found)
	followSeries(ctx, client, table, model+"-series", found)

	deleted, err := client.Models.Delete(ctx, model, 0)
	check(err)
	found["deleted"] = deleted.Deleted
	_, err = client.Data.Delete(ctx, dataset.FileID)
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(found))
}

// learn uploads, looks at and cleans a table, and trains on it.
func learn(
	ctx context.Context, client *regatta.Client, table, model string, found map[string]any,
) *regatta.Dataset {
	status, err := client.Status(ctx)
	check(err)
	version, err := client.Version(ctx)
	check(err)
	found["status"], found["version"] = status.Status, version

	dataset, err := client.Data.Upload(ctx, regatta.Upload{Path: table})
	check(err)
	found["dataset"] = dataset
	preview, err := client.Data.Preview(ctx, dataset.FileID, 2)
	check(err)
	found["preview"] = preview.Columns
	effect, err := client.Data.Process(ctx, regatta.Process{
		HandleMissing: "mean", Target: "价格", FileID: dataset.FileID,
	})
	check(err)
	found["target"] = effect.Recipe.Target
	profile, err := client.Data.Profile(ctx, dataset.FileID)
	check(err)
	found["mean area"] = profile.Columns["面积"].Number.Mean
	info, err := client.Data.Get(ctx, dataset.FileID)
	check(err)
	found["cities"] = info.Statistics["城市"].Category.Distinct
	outliers, err := client.Data.Outliers(ctx, regatta.FindOutliers{FileID: dataset.FileID, Method: "zscore"})
	check(err)
	found["outliers"] = len(outliers.Columns)
	var page bytes.Buffer
	check(client.Data.Report(ctx, &page, dataset.FileID))
	found["report"] = strings.Contains(page.String(), "</html>")

	var stages []string
	trained, err := client.Models.Train(ctx, regatta.Train{
		ModelType: "ridge", ModelName: model, FileID: dataset.FileID, Params: map[string]any{"alpha": 0.5},
	}, regatta.OnProgress(func(stage string, _ float64) { stages = append(stages, stage) }))
	check(err)
	found["trained"], found["r2"], found["stages"] = trained.Version, trained.Metrics.R2(), stages
	comparison, err := client.Models.Compare(ctx, regatta.Compare{FileID: dataset.FileID})
	check(err)
	found["compared"], found["best"] = len(comparison.Results), comparison.Best.ModelName
	metrics, err := client.Models.Metrics(ctx, model, 0)
	check(err)
	found["same r2"] = metrics.Metrics.R2() == trained.Metrics.R2()
	return dataset
}

// predict asks for predictions in every way.
func predict(
	ctx context.Context, client *regatta.Client, dataset *regatta.Dataset, model string, found map[string]any,
) {
	schema, err := client.Models.Schema(ctx, model, 0)
	check(err)
	found["features"] = len(schema.Features)
	how := regatta.Predict{Model: model, Interval: 0.9}
	row := regatta.Row{"城市": "上海", "面积": 88.5, "房龄": nil}
	one, err := client.Predict.Row(ctx, row, how)
	check(err)
	found["one"] = one.Prediction
	many, err := client.Predict.Rows(ctx, []regatta.Row{row, {"城市": "北京", "面积": 50, "房龄": 3}}, how)
	check(err)
	found["many"], found["lower"] = many.Predictions, many.Lower
	stored, err := client.Predict.File(ctx, dataset.FileID, how)
	check(err)
	found["stored"] = stored.Predictions
	const rows = 200_000
	body := io.MultiReader(
		strings.NewReader("城市,面积,房龄\n"), strings.NewReader(strings.Repeat("上海,88.5,\n", rows)),
	)
	streamed, err := client.Predict.CSV(ctx, body, regatta.PredictCSV{Predict: regatta.Predict{Model: model}})
	check(err)
	found["streamed"] = streamed.Count
	found["same streamed"] = streamed.Predictions[0] == one.Prediction && streamed.Predictions[rows-1] == one.Prediction
}

// export writes files.
func export(
	ctx context.Context, client *regatta.Client, dataset *regatta.Dataset, model, folder string, found map[string]any,
) {
	for format, name := range map[string]string{"csv": "export.csv", "excel": "export.xlsx"} {
		file, err := os.Create(filepath.Join(folder, name))
		check(err)
		_, err = client.Predict.Export(ctx, file, regatta.Export{
			Predict: regatta.Predict{Model: model}, FileID: dataset.FileID, Format: format,
		})
		check(err)
		check(file.Close())
	}
	source, err := os.Create(filepath.Join(folder, "source.csv"))
	check(err)
	_, err = client.Data.Download(ctx, source, regatta.Download{FileID: dataset.FileID, Source: true})
	check(err)
	check(source.Close())
	var graph bytes.Buffer
	size, err := client.Models.Download(ctx, &graph, regatta.Artifact{Model: model})
	check(err)
	manifest, err := client.Models.Get(ctx, model, 0)
	check(err)
	found["graph"] = size == manifest.Graph.SizeBytes
}

// sendLargeFiles uploads a file that is too large for one request, and goes on with one in parts that was announced in
// REGATTA_TEST_ANNOUNCED.
func sendLargeFiles(ctx context.Context, client *regatta.Client, folder string, found map[string]any) {
	large := "note,value\n" + strings.Repeat(strings.Repeat("x", 2000)+",1\n", 2500)
	sent, err := client.Data.Upload(ctx, regatta.Upload{Reader: strings.NewReader(large), Filename: "large.csv"})
	check(err)
	found["large"] = sent.Rows
	resumed, err := client.Data.Resume(ctx, os.Getenv("REGATTA_TEST_ANNOUNCED"), regatta.Upload{
		Path: filepath.Join(folder, "parts.csv"),
	})
	check(err)
	found["parts"] = resumed.Rows
	for _, dataset := range []*regatta.Dataset{sent, resumed} {
		_, err := client.Data.Delete(ctx, dataset.FileID)
		check(err)
	}
}

// followSeries puts a file into a series and waits for the decision.
func followSeries(ctx context.Context, client *regatta.Client, table, name string, found map[string]any) {
	_, err := client.Series.Configure(ctx, name, regatta.SeriesSettings{Target: "价格", TimeLimit: 1})
	check(err)
	key, err := client.Series.Upload(ctx, name, regatta.SeriesFile{Path: table})
	check(err)
	arrival, err := client.Series.Wait(ctx, name, key)
	check(err)
	found["decision"], found["learned"] = arrival.State, arrival.Learned
	report, err := client.Series.Report(ctx, name, arrival.JobID)
	check(err)
	found["reported"] = report.Arrival.Key == key
	jobs, err := client.Jobs.List(ctx, 5, "")
	check(err)
	found["jobs"] = len(jobs.Jobs)
}

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}
