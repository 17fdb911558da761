// Package regatta is the Go client of Regatta, the service that trains and serves regression models for tables.
//
// A [Client] has one resource for each part of the service: Data, Models, Predict, Jobs and Series.
//
//	client, err := regatta.New("http://127.0.0.1:8000")
//	dataset, err := client.Data.Upload(ctx, regatta.Upload{Path: "concrete.csv"})
//	model, err := client.Models.Train(ctx, regatta.Train{ModelType: "ridge", Target: "strength", ModelName: "mix"})
//	answer, err := client.Predict.Row(ctx, regatta.Row{"cement": 540, "age": 28}, regatta.Predict{Model: "mix"})
//
// Every method takes a context, which ends the call and everything that it waits for. Long work is a job on the side of
// the service: the methods follow it until it is over, and [OnProgress] shows how far it is.
//
// Every error of the service is an [*Error]. Its Detail says what is wrong and what to do; errors.Is compares its type:
//
//	if errors.Is(err, regatta.ErrNoSuchModel) { ... }
//
// What may be repeated is repeated when a connection breaks or the service is busy, with growing random pauses. A request
// that creates something carries an idempotency key, so that it is carried out once.
//
// The package needs the standard library only. A Client may be used by several goroutines at once.
package regatta
