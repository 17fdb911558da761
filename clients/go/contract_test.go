package regatta

import (
	"encoding"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// A schema is what this test reads of a schema in docs/openapi.json.
type schema struct {
	Ref                  string            `json:"$ref"`
	AnyOf                []schema          `json:"anyOf"`
	OneOf                []schema          `json:"oneOf"`
	Type                 string            `json:"type"`
	Items                *schema           `json:"items"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties"`
}

type contract map[string]schema

// The types of this package by the name of their schema.
var answers = map[string]any{
	"BatchPredictions": Predictions{}, "ChampionChosen": ChampionChosen{}, "Comparison": Comparison{},
	"DatasetInfo": DatasetInfo{}, "DatasetRows": DatasetRows{}, "DecisionReport": DecisionReport{}, "FileDeleted": FileDeleted{},
	"FileSummary": FileSummary{}, "Files": Files{}, "JobAnswer": Job{}, "JobPage": JobPage{},
	"ModelEffects": ModelEffects{}, "ModelImportance": ModelImportance{}, "ModelManifest": Model{}, "ModelMetrics": ModelMetrics{},
	"ModelRenamed": ModelRenamed{}, "ModelSchema": ModelSchema{}, "Outliers": Outliers{}, "Prediction": Prediction{},
	"Preview": Preview{}, "Problem": Error{}, "ProcessEffect": ProcessEffect{}, "Profile": Profile{},
	"RegressorEntry": Regressor{}, "SeriesHistory": SeriesHistory{}, "SeriesUpload": SeriesUpload{},
	"SystemStatus": Status{}, "Trained": Trained{}, "TrainedModel": ModelVersion{}, "TrainedModels": ModelPage{},
	"Upload":        Dataset{},
	"UploadStarted": UploadStarted{}, "VersionsDeleted": VersionsDeleted{},
	"NumberStatistics": NumberStatistics{}, "BooleanStatistics": BooleanStatistics{},
	"DateStatistics": DateStatistics{}, "CategoryStatistics": CategoryStatistics{},
	// Requests.
	"TrainCommand": Train{}, "ProcessRequest": Process{}, "ReadingRequest": Reading{},
	"SeriesSettingsRequest": SeriesSettings{}, "CompareCommand": Compare{}, "ExportRequest": Export{},
}

// One type stands for several answers, and so has fields that each of them lacks.
var shared = map[string]any{
	"UploadTicket": FileStatus{}, "FileReady": FileStatus{},
	"SeriesAnswer": Series{}, "SeriesConfigured": Series{}, "SeriesStatus": Series{},
}

func TestTypesAreThoseOfTheContract(t *testing.T) {
	document, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Components struct {
			Schemas contract `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &page); err != nil {
		t.Fatal(err)
	}
	schemas := page.Components.Schemas
	for name, value := range answers {
		schemas.check(t, name, schema{Ref: name}, reflect.TypeOf(value), true)
	}
	for name, value := range shared {
		schemas.check(t, name, schema{Ref: name}, reflect.TypeOf(value), false)
	}
}

// check reports where a type cannot hold what the schema allows; with exact also fields that the schema does not have.
func (c contract) check(t *testing.T, where string, asked schema, found reflect.Type, exact bool) {
	t.Helper()
	asked, nullable := c.resolve(asked)
	if nullable && !mayBeNil(found) && !isOptional(where) {
		t.Errorf("%s may be null, but %s cannot", where, found)
	}
	for found.Kind() == reflect.Pointer {
		found = found.Elem()
	}
	for _, alternative := range asked.OneOf {
		c.check(t, where, alternative, found, exact)
	}
	if len(asked.AnyOf) > 0 || len(asked.OneOf) > 0 || found.Kind() == reflect.Interface || found == reflect.TypeFor[json.RawMessage]() {
		return
	}
	if _, isText := reflect.New(found).Interface().(encoding.TextUnmarshaler); isText && asked.Type == "string" {
		return
	}
	switch {
	case asked.Properties != nil && found.Kind() == reflect.Struct:
		c.checkFields(t, where, asked, found, exact)
	case asked.Type == "array" && found.Kind() == reflect.Slice:
		if asked.Items != nil {
			c.check(t, where+"[]", *asked.Items, found.Elem(), true)
		}
	case asked.Type == "object" && found.Kind() == reflect.Map:
		var values schema
		if json.Unmarshal(asked.AdditionalProperties, &values) == nil {
			c.check(t, where+"{}", values, found.Elem(), true)
		}
	case asked.Type == "string" && found.Kind() == reflect.String,
		asked.Type == "integer" && (found.Kind() == reflect.Int || found.Kind() == reflect.Int64),
		asked.Type == "number" && found.Kind() == reflect.Float64,
		asked.Type == "boolean" && found.Kind() == reflect.Bool,
		asked.Type == "object" && found == reflect.TypeFor[Row](),
		asked.Type == "":
	default:
		t.Errorf("%s is %q in docs/openapi.json, and %s here", where, asked.Type, found)
	}
}

// checkFields compares the properties of an object with the fields of a struct.
func (c contract) checkFields(t *testing.T, where string, asked schema, found reflect.Type, exact bool) {
	t.Helper()
	fields := map[string]reflect.Type{}
	collectFields(found, fields)
	for name, property := range asked.Properties {
		field, ok := fields[name]
		if !ok {
			t.Errorf("%s of %s is in docs/openapi.json; add it to %s", name, where, found)
			continue
		}
		path := where + "." + name
		if !contains(asked.Required, name) {
			path += optional
		}
		c.check(t, path, property, field, true)
	}
	for name := range fields {
		if _, ok := asked.Properties[name]; !ok && exact {
			t.Errorf("%s of %s is not in docs/openapi.json", name, found)
		}
	}
}

// What the name of a field ends in that may be absent: its zero value may stand for null.
const optional = "?"

func isOptional(where string) bool { return strings.HasSuffix(where, optional) }

// resolve follows references and returns whether null is allowed.
func (c contract) resolve(asked schema) (schema, bool) {
	if asked.Ref != "" {
		return c.resolve(c[asked.Ref[strings.LastIndex(asked.Ref, "/")+1:]])
	}
	if asked.Properties != nil {
		return asked, false
	}
	var others []schema
	for _, each := range asked.AnyOf {
		if each.Type != "null" {
			others = append(others, each)
		}
	}
	nullable := len(others) < len(asked.AnyOf)
	if len(others) == 1 {
		resolved, _ := c.resolve(others[0])
		return resolved, nullable
	}
	return asked, nullable
}

func mayBeNil(found reflect.Type) bool {
	switch found.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	}
	return false
}

func collectFields(found reflect.Type, fields map[string]reflect.Type) {
	for index := range found.NumField() {
		field := found.Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			collectFields(field.Type, fields)
		case field.IsExported() && name != "-":
			fields[name] = field.Type
		}
	}
}

func contains(names []string, wanted string) bool {
	for _, name := range names {
		if name == wanted {
			return true
		}
	}
	return false
}
