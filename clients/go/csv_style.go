package regatta

import (
	"net/url"
	"strconv"
)

// CSVStyle says how a CSV is written; it goes with no other format.
type CSVStyle struct {
	// Delimiter is comma, semicolon, tab or pipe, or the character. Where it is "", a comma, and by a decimal comma a
	// semicolon.
	Delimiter string `json:"delimiter,omitempty"`
	// Decimal is point (the default) or comma, or the character.
	Decimal string `json:"decimal,omitempty"`
	// BOM is whether the file begins with a byte order mark, by which Excel knows UTF-8; nil: it does.
	BOM *bool `json:"bom,omitempty"`
}

func (s CSVStyle) addTo(query url.Values) {
	if s.Delimiter != "" {
		query.Set("delimiter", s.Delimiter)
	}
	if s.Decimal != "" {
		query.Set("decimal", s.Decimal)
	}
	if s.BOM != nil {
		query.Set("bom", strconv.FormatBool(*s.BOM))
	}
}
