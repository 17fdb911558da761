// Package controller turns HTTP requests into calls of the logic, and what it returns into answers.
package controller

import (
	"encoding/json"
	"errors"
	"net/http"

	"regatta"
	"regatta/examples/overview/api"
	"regatta/examples/overview/internal/logic"
)

// The most bytes of a request.
const mostBytes = 1 << 20

// Overview answers requests for overviews.
type Overview struct{ logic *logic.Overview }

// NewOverview returns the controller of a logic.
func NewOverview(logic *logic.Overview) *Overview { return &Overview{logic} }

// Show answers with the overview of a model.
func (c *Overview) Show(w http.ResponseWriter, r *http.Request) {
	var req api.OverviewReq
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBytes)).Decode(&req); err != nil {
		answer(w, http.StatusBadRequest, api.ErrorRes{Type: "bad-request", Detail: err.Error()})
		return
	}
	res, err := c.logic.Show(r.Context(), req)
	if err != nil {
		answerError(w, err)
		return
	}
	answer(w, http.StatusOK, res)
}

// answerError passes on what the caller can mend, and answers 502 for the rest.
func answerError(w http.ResponseWriter, err error) {
	status, res := http.StatusBadGateway, api.ErrorRes{Type: "internal", Detail: err.Error()}
	var failure *regatta.Error
	if errors.As(err, &failure) {
		res = api.ErrorRes{Type: string(failure.Type), Detail: failure.Detail}
		if failure.Status == http.StatusNotFound || failure.Status == http.StatusUnprocessableEntity {
			status = failure.Status
		}
	}
	answer(w, status, res)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
