package regatta

import (
	"encoding/json"
	"sort"
)

// Reading says how a file is to be read, where you know it; what is left out is found out.
type Reading struct {
	Encoding string `json:"encoding,omitempty"`
	// Delimiter is one character, or comma, semicolon, tab, pipe, space.
	Delimiter string `json:"delimiter,omitempty"`
	// HasHeader says whether the first line names the columns.
	HasHeader *bool `json:"has_header,omitempty"`
	// Dates is the order of day, month and year in dates of numbers: dmy, mdy or ymd.
	Dates string `json:"dates,omitempty"`
	// Decimal is the mark before the fraction of a number: "." or ",".
	Decimal string `json:"decimal,omitempty"`
	// Thousands is the mark between groups of digits: ".", ",", "'" or " ".
	Thousands string `json:"thousands,omitempty"`
	// Types has by column integer, number, boolean, date or category.
	Types map[string]string `json:"types,omitempty"`
	// Missing has further spellings of a missing value, Keep spellings that are answers in this file.
	Missing []string `json:"missing,omitempty"`
	Keep    []string `json:"keep,omitempty"`
	// Sheet is that of a workbook, by name or number from 1; Member is the file of a zip archive.
	Sheet  string `json:"sheet,omitempty"`
	Member string `json:"member,omitempty"`
}

// formFields returns the fields of a form that say the same: lists and objects as the text of their JSON.
func (r Reading) formFields() ([][2]string, error) {
	encoded, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &values); err != nil {
		return nil, err
	}
	fields := make([][2]string, 0, len(values))
	for name, value := range values {
		text := string(value)
		if text[0] == '"' {
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, err
			}
		}
		fields = append(fields, [2]string{name, text})
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i][0] < fields[j][0] })
	return fields, nil
}

// ReadAgain says what is to be read otherwise than before. What neither names stays as it was asked for.
type ReadAgain struct {
	Reading
	// Clear has the names of fields that are to be found out again, such as "dates".
	Clear []string
}

// MarshalJSON writes the fields that change, and null for those that are cleared.
func (r ReadAgain) MarshalJSON() ([]byte, error) {
	encoded, err := json.Marshal(r.Reading)
	if err != nil || len(r.Clear) == 0 {
		return encoded, err
	}
	var changes map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &changes); err != nil {
		return nil, err
	}
	for _, name := range r.Clear {
		changes[name] = json.RawMessage("null")
	}
	return json.Marshal(changes)
}
