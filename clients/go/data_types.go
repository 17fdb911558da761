package regatta

import (
	"encoding/json"
	"time"
)

// FileSummary is a dataset as lists show it.
type FileSummary struct {
	FileID    string    `json:"file_id"`
	Filename  string    `json:"filename"`
	Rows      int       `json:"rows"`
	Columns   int       `json:"columns"`
	SizeBytes int64     `json:"size_bytes"`
	CreatedAt time.Time `json:"created_at"`
	// Parent is the dataset of the same bytes that was read otherwise before.
	Parent string `json:"parent,omitempty"`
}

// Dataset is a file that became a dataset, and how it was read.
type Dataset struct {
	FileSummary
	SHA256    string `json:"sha256"`
	Encoding  string `json:"encoding"`
	Delimiter string `json:"delimiter"`
	HasHeader bool   `json:"has_header"`
	// ColumnTypes has by column integer, number, boolean, date or category.
	ColumnTypes map[string]string `json:"column_types"`
	// Missing counts missing values by column.
	Missing  map[string]int `json:"missing"`
	Warnings []string       `json:"warnings"`
	// Units has the unit or currency of each column of numbers that has one.
	Units map[string]string `json:"units,omitempty"`
	// Formats has the format of each column of dates.
	Formats map[string]string `json:"formats,omitempty"`
	// Decimals has the columns of numbers with a decimal comma.
	Decimals map[string]string `json:"decimals,omitempty"`
	// Reading is what was asked for.
	Reading   *Reading   `json:"reading,omitempty"`
	Container *Container `json:"container,omitempty"`
}

// DatasetInfo is everything about a dataset but its correlations.
type DatasetInfo struct {
	Dataset
	MemoryBytes   int64 `json:"memory_bytes"`
	DuplicateRows int   `json:"duplicate_rows"`
	// Statistics has the figures of each column.
	Statistics map[string]ColumnStatistics `json:"statistics"`
	Findings   []Finding                   `json:"findings"`
	Recipe     Recipe                      `json:"recipe"`
}

// Container is the workbook, archive or other file that a table was received in.
type Container struct {
	Format   string `json:"format"`
	Sheet    string `json:"sheet,omitempty"`
	PackedIn string `json:"packed_in,omitempty"`
	Member   string `json:"member,omitempty"`
}

// Recipe is how a table is cleaned for training.
type Recipe struct {
	HandleMissing string            `json:"handle_missing"`
	Columns       map[string]string `json:"columns"`
	LeaveOut      []string          `json:"leave_out"`
	Target        *string           `json:"target_column"`
}

// Files is every dataset, the oldest first.
type Files struct {
	Files []FileSummary `json:"files"`
	// Current is the file that a call means which names none.
	Current *string `json:"current"`
	// Next is the cursor of the next page, nil on the last.
	Next *string `json:"next"`
}

// FileDeleted is the dataset that was deleted, and which one is current now.
type FileDeleted struct {
	Deleted string  `json:"deleted"`
	Current *string `json:"current"`
}

// FileStatus is how far a file is. Its Status is waiting, ingesting, ready or failed; a file that is ready has the fields
// of a dataset.
type FileStatus struct {
	Dataset
	Status    string     `json:"status"`
	Stage     *string    `json:"stage"`
	Progress  float64    `json:"progress"`
	ExpiresAt *time.Time `json:"expires_at"`
	Error     *Error     `json:"error"`
}

// UploadStarted is a large upload: where to send its bytes, as a form or one URL for each part.
type UploadStarted struct {
	FileID    string    `json:"file_id"`
	Filename  string    `json:"filename"`
	SizeBytes int64     `json:"size_bytes"`
	CreatedAt time.Time `json:"created_at"`
	Status    string    `json:"status"`
	Stage     *string   `json:"stage"`
	Progress  float64   `json:"progress"`
	ExpiresAt time.Time `json:"expires_at"`
	Error     *Error    `json:"error"`
	Reading   *Reading  `json:"reading,omitempty"`
	// Method is post or multipart.
	Method string `json:"method"`
	// URL and Fields are the form of the method post.
	URL    string            `json:"url,omitempty"`
	Fields map[string]string `json:"fields,omitempty"`
	// UploadID, PartSize and Parts are of the method multipart; Parts lists those that are missing.
	UploadID string    `json:"upload_id,omitempty"`
	PartSize int64     `json:"part_size,omitempty"`
	Parts    []PartURL `json:"parts,omitempty"`
	Arrived  []int     `json:"arrived,omitempty"`
}

// PartURL is where to PUT a part.
type PartURL struct {
	Number int    `json:"number"`
	URL    string `json:"url"`
}

// Preview is the first rows of a dataset. A cell is a string, a float64, a bool or nil.
type Preview struct {
	FileID  string   `json:"file_id"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// DatasetRows is a page of the rows of a dataset, numbered from First on; Total is how many rows the dataset has.
type DatasetRows struct {
	FileID  string   `json:"file_id"`
	First   int      `json:"first"`
	Total   int      `json:"total"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// TableSize is the size of a table.
type TableSize struct {
	Rows          int `json:"rows"`
	Columns       int `json:"columns"`
	MissingValues int `json:"missing_values"`
}

// ProcessEffect is what a recipe does to its table.
type ProcessEffect struct {
	FileID string    `json:"file_id"`
	Before TableSize `json:"before"`
	After  TableSize `json:"after"`
	// DroppedRows counts the rows that are left out, by reason.
	DroppedRows map[string]int `json:"dropped_rows"`
	// Imputed has by column the value that replaces a missing one.
	Imputed map[string]any `json:"imputed"`
	// Encoded has by category the number of its features.
	Encoded map[string]int `json:"encoded"`
	// Derived has by column the features that are made of it.
	Derived map[string][]string `json:"derived"`
	LeftOut []string            `json:"left_out"`
	Notes   []string            `json:"notes"`
	Recipe  Recipe              `json:"recipe"`
}

// Finding is one thing that a person should know of a table, with a way out.
type Finding struct {
	// Severity is error, warning or info.
	Severity string `json:"severity"`
	// Column is nil where the table as a whole is meant.
	Column  *string `json:"column"`
	Kind    string  `json:"kind"`
	Finding string  `json:"finding"`
	Count   int     `json:"count"`
	// Rows has the first of them, as a spreadsheet counts.
	Rows       []int  `json:"rows"`
	Suggestion string `json:"suggestion"`
}

// ColumnStatistics is the figures of one column: the field of its Type is set.
type ColumnStatistics struct {
	// Type is integer, number, boolean, date or category.
	Type     string
	Number   *NumberStatistics
	Boolean  *BooleanStatistics
	Date     *DateStatistics
	Category *CategoryStatistics
}

// UnmarshalJSON reads the figures of the column's type.
func (s *ColumnStatistics) UnmarshalJSON(body []byte) error {
	var found struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return err
	}
	*s = ColumnStatistics{Type: found.Type}
	switch found.Type {
	case "integer", "number":
		return json.Unmarshal(body, &s.Number)
	case "boolean":
		return json.Unmarshal(body, &s.Boolean)
	case "date":
		return json.Unmarshal(body, &s.Date)
	case "category":
		return json.Unmarshal(body, &s.Category)
	}
	return nil // A type of a later version.
}

// MarshalJSON writes the figures as the service does.
func (s ColumnStatistics) MarshalJSON() ([]byte, error) {
	switch {
	case s.Number != nil:
		return json.Marshal(s.Number)
	case s.Boolean != nil:
		return json.Marshal(s.Boolean)
	case s.Date != nil:
		return json.Marshal(s.Date)
	case s.Category != nil:
		return json.Marshal(s.Category)
	}
	return json.Marshal(map[string]string{"type": s.Type})
}
