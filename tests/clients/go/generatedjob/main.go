// Generatedjob does the whole job by a client that OpenAPI Generator made, and prints what it found as one JSON object.
//
// Usage: generatedjob TABLE.csv MODEL. The service is the one in REGATTA_URL.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"generated"
)

func main() {
	configuration := generated.NewConfiguration()
	configuration.Servers = generated.ServerConfigurations{{URL: os.Getenv("REGATTA_URL")}}
	client := generated.NewAPIClient(configuration)
	ctx := context.Background()
	table, model := os.Args[1], os.Args[2]
	found := map[string]any{}

	file, err := os.Open(table)
	check(err)
	dataset, _, err := client.DataAPI.UploadFile(ctx).File(file).IdempotencyKey(model).Execute()
	check(err)
	found["dataset"] = dataset
	recipe := generated.ProcessRequest{TargetColumn: text("价格"), FileId: text(dataset.FileId)}
	effect, _, err := client.DataAPI.ProcessDataset(ctx).ProcessRequest(recipe).Execute()
	check(err)
	found["target"] = effect.Recipe.TargetColumn
	info, _, err := client.DataAPI.GetDataset(ctx).FileId(dataset.FileId).Execute()
	check(err)
	found["statistics"] = info.Statistics
	profile, _, err := client.DataAPI.ProfileDataset(ctx).FileId(dataset.FileId).Execute()
	check(err)
	found["profile"] = profile

	training := generated.TrainCommand{ModelType: "ridge", ModelName: text(model), FileId: text(dataset.FileId)}
	trained, _, err := client.ModelAPI.TrainModel(ctx).TrainCommand(training).Execute()
	check(err)
	found["trained"] = trained
	manifest, _, err := client.ModelAPI.GetModel(ctx).ModelName(model).Execute()
	check(err)
	found["model"] = manifest
	metrics, _, err := client.ModelAPI.GetMetrics(ctx, model).Execute()
	check(err)
	found["metrics"] = metrics

	row := map[string]any{"城市": "上海", "面积": 88.5, "房龄": nil}
	one, _, err := client.PredictAPI.PredictRow(ctx).
		RowRequest(generated.RowRequest{ModelName: text(model), Data: row}).Execute()
	check(err)
	found["one"] = one.Prediction
	many, _, err := client.PredictAPI.PredictRows(ctx).
		BatchRequest(generated.BatchRequest{ModelName: text(model), FileId: text(dataset.FileId)}).Execute()
	check(err)
	found["many"] = many.Predictions
	export, _, err := client.PredictAPI.ExportPredictions(ctx).
		ExportRequest(generated.ExportRequest{ModelName: text(model), FileId: text(dataset.FileId)}).Execute()
	check(err)
	found["export"] = export

	_, _, err = client.ModelAPI.GetMetrics(ctx, "nobody's").Execute()
	if problem, ok := err.(*generated.GenericOpenAPIError).Model().(generated.Problem); ok {
		found["problem"] = problem.Type
	}
	jobs, _, err := client.JobsAPI.ListJobs(ctx).Execute()
	check(err)
	found["jobs"] = len(jobs.Jobs)
	deleted, _, err := client.DataAPI.DeleteFile(ctx, dataset.FileId).Execute()
	check(err)
	found["deleted"] = deleted.Deleted
	check(json.NewEncoder(os.Stdout).Encode(found))
}

func text(value string) generated.NullableString { return *generated.NewNullableString(&value) }

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}
