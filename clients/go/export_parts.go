package regatta

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
)

// An ExportPart is one of the files that the manifest of a large export in Parquet names.
type ExportPart struct {
	Filename  string `json:"filename"`
	Rows      int64  `json:"rows"`
	SizeBytes int64  `json:"size_bytes"`
	// URL works until the time that the manifest has in expires_at.
	URL string `json:"url"`
}

// Parts downloads the files of a manifest, which [PredictResource.Export] wrote, in their order. Each is written to what
// create returns for it, and closed.
func (r *PredictResource) Parts(
	ctx context.Context, manifest io.Reader, create func(ExportPart) (io.WriteCloser, error),
) error {
	var named struct {
		Parts []ExportPart `json:"parts"`
	}
	if err := json.NewDecoder(manifest).Decode(&named); err != nil {
		return invalidRequest(err)
	}
	for _, part := range named.Parts {
		target, err := url.Parse(part.URL)
		if err != nil {
			return invalidRequest(err)
		}
		file, err := create(part)
		if err != nil {
			return err
		}
		response, err := r.client.fetchFile(ctx, target)
		if err == nil {
			_, err = copyBody(ctx, file, response)
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}
