// Package logic has what the service does.
package logic

import (
	"context"

	"regatta"
	"regatta/examples/overview/api"
)

// Overview collects what is known of a model.
type Overview struct{ client *regatta.Client }

// NewOverview returns the logic that asks the service of client.
func NewOverview(client *regatta.Client) *Overview { return &Overview{client} }

// Show asks for the model, its metrics, its schema and a prediction at once. The first error ends the other requests.
func (o *Overview) Show(ctx context.Context, req api.OverviewReq) (*api.OverviewRes, error) {
	var (
		model      *regatta.Model
		metrics    *regatta.ModelMetrics
		schema     *regatta.ModelSchema
		prediction *regatta.Prediction
	)
	group, ctx := newGroup(ctx)
	group.run(func() (err error) { model, err = o.client.Models.Get(ctx, req.Model, 0); return })
	group.run(func() (err error) { metrics, err = o.client.Models.Metrics(ctx, req.Model, 0); return })
	group.run(func() (err error) { schema, err = o.client.Models.Schema(ctx, req.Model, 0); return })
	group.run(func() (err error) {
		prediction, err = o.client.Predict.Row(ctx, req.Row, regatta.Predict{Model: req.Model})
		return
	})
	if err := group.wait(); err != nil {
		return nil, err
	}
	features := make([]string, len(schema.Features))
	for index, feature := range schema.Features {
		features[index] = feature.Name
	}
	return &api.OverviewRes{
		Model: model.ModelName, Version: model.Version, ModelType: model.ModelType, Target: model.Target,
		R2: metrics.Metrics.R2(), Features: features,
		Prediction: prediction.Prediction, Warnings: prediction.Warnings,
	}, nil
}
