package regatta

import (
	"errors"
	"fmt"
)

// add appends a batch whose first row is row first of all rows, counted from 0.
func (p *Predictions) add(batch *Predictions, first int) {
	p.Predictions = append(p.Predictions, batch.Predictions...)
	p.Lower = append(p.Lower, batch.Lower...)
	p.Upper = append(p.Upper, batch.Upper...)
	p.Count += batch.Count
	p.explain(batch.Explanation)
	p.ModelName, p.Version, p.Interval = batch.ModelName, batch.Version, batch.Interval
	for _, warning := range batch.Warnings {
		if first > 0 {
			warning = fmt.Sprintf("in the batch after %d rows: %s", first, warning)
		}
		p.Warnings = append(p.Warnings, warning)
	}
}

// explain adds the contributions to the predictions of a batch.
func (p *Predictions) explain(batch *BatchExplanation) {
	if batch == nil {
		return
	}
	all := *batch
	all.Contributions = make(map[string][]float64, len(batch.Contributions))
	for column, values := range batch.Contributions {
		if p.Explanation != nil {
			values = append(p.Explanation.Contributions[column], values...)
		}
		all.Contributions[column] = values
	}
	p.Explanation = &all
}

// fromRow returns an error about a batch with rows that count as in the whole.
func fromRow(err error, first int) error {
	var failure *Error
	if first == 0 || !errors.As(err, &failure) {
		return err
	}
	moved := *failure
	moved.Errors = append([]FieldError(nil), failure.Errors...)
	for index, each := range moved.Errors {
		if each.Row != nil {
			row := *each.Row + first
			moved.Errors[index].Row = &row
		}
	}
	moved.Detail = fmt.Sprintf("In the batch after %d rows: %s", first, failure.Detail)
	return &moved
}
