// Package api has the requests and answers of the service.
package api

import "regatta"

// OverviewReq asks for everything about a model, and what it predicts for a row.
type OverviewReq struct {
	Model string      `json:"model"`
	Row   regatta.Row `json:"row"`
}

// OverviewRes is what four requests have found.
type OverviewRes struct {
	Model      string   `json:"model"`
	Version    int      `json:"version"`
	ModelType  string   `json:"model_type"`
	Target     string   `json:"target"`
	R2         float64  `json:"r2"`
	Features   []string `json:"features"`
	Prediction float64  `json:"prediction"`
	Warnings   []string `json:"warnings"`
}

// ErrorRes is what went wrong, and what to do.
type ErrorRes struct {
	Type   string `json:"type"`
	Detail string `json:"detail"`
}
