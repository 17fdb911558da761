package regatta

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// The largest file that is sent as one request. Behind a gateway a request has at most 6 MB in Base64.
const oneRequestBytes = 4 << 20

// The pause between two questions for a file that is being read.
const ingestPause = 500 * time.Millisecond

// Upload is a file that is to become a dataset: a Path, or a Reader with a Filename.
type Upload struct {
	Path string
	// Reader is read to its end, once; its size need not be known. It is copied to a temporary file if it is large and
	// not an io.ReaderAt with a Seek method, as an *os.File is.
	Reader io.Reader
	// Filename is what the dataset is called; by default the name of Path.
	Filename string
	// Reading says how the file is to be read.
	Reading Reading
	// OnStart gets the identifier of a file that is too large for one request: Data.Resume goes on with it if this
	// program does not finish.
	OnStart func(fileID string)
}

// Upload sends a file and returns the dataset that it becomes. A file of up to 4 MiB is one request; a larger one goes
// straight into the bucket, in parts if it is very large, several at a time, and is followed until it is read.
func (r *DataResource) Upload(ctx context.Context, upload Upload, options ...CallOption) (*Dataset, error) {
	chosen := callWith(options)
	file, err := openSource(upload.Path, upload.Reader, upload.Filename)
	if err != nil {
		return nil, err
	}
	defer file.close()
	if file.size <= oneRequestBytes {
		return r.uploadAtOnce(ctx, file, upload.Reading, chosen)
	}
	started, err := sendJSON[UploadStarted](ctx, r.client, http.MethodPost, "/data/uploads", chosen.key, struct {
		Reading
		Filename  string `json:"filename"`
		SizeBytes int64  `json:"size_bytes"`
	}{upload.Reading, file.name, file.size})
	if err != nil {
		return nil, err
	}
	if upload.OnStart != nil {
		upload.OnStart(started.FileID)
	}
	return r.finish(ctx, started, file, chosen)
}

// Resume goes on with a large upload that broke off: it sends what is missing of the same file.
func (r *DataResource) Resume(
	ctx context.Context, fileID string, upload Upload, options ...CallOption,
) (*Dataset, error) {
	file, err := openSource(upload.Path, upload.Reader, upload.Filename)
	if err != nil {
		return nil, err
	}
	defer file.close()
	started, err := r.instructions(ctx, fileID)
	if err != nil {
		return nil, err
	}
	if file.size != started.SizeBytes {
		return nil, &Error{
			Type: ErrInvalidInput, Title: "This is another file",
			Detail: "The upload was announced with another size. Give the same file, or upload this one by itself.",
		}
	}
	return r.finish(ctx, started, file, callWith(options))
}

// uploadAtOnce sends a small file as a form.
func (r *DataResource) uploadAtOnce(
	ctx context.Context, file *source, reading Reading, options *callOptions,
) (*Dataset, error) {
	fields, err := reading.formFields()
	if err != nil {
		return nil, invalidRequest(err)
	}
	form, err := newForm(fields, file)
	if err != nil {
		return nil, invalidRequest(err)
	}
	options.progress("uploading", 0)
	call := newCall(http.MethodPost, "/data/upload", nil).withKey(options.key)
	call.header.Set("Content-Type", form.contentType)
	call.body, call.size = form.open, form.size
	dataset, err := fetch[Dataset](ctx, r.client, call)
	if err == nil {
		options.progress("ready", 1)
	}
	return dataset, err
}

// finish sends the bytes of a large file and follows it until it is read.
func (r *DataResource) finish(
	ctx context.Context, started *UploadStarted, file *source, options *callOptions,
) (*Dataset, error) {
	var err error
	if started.Method == "post" {
		err = r.client.postForm(ctx, started.URL, started.Fields, file, options.progress)
	} else {
		err = r.sendParts(ctx, started, file, options.progress)
	}
	if err != nil {
		return nil, err
	}
	return r.waitFor(ctx, started.FileID, options.progress)
}

// waitFor follows the ingestion of a file.
func (r *DataResource) waitFor(ctx context.Context, fileID string, report func(string, float64)) (*Dataset, error) {
	for {
		status, err := r.Status(ctx, fileID)
		if err != nil {
			return nil, err
		}
		if status.Stage != nil {
			report(*status.Stage, status.Progress)
		}
		switch status.Status {
		case "ready":
			report("ready", 1)
			info, err := r.Get(ctx, fileID)
			if err != nil {
				return nil, err
			}
			return &info.Dataset, nil
		case "failed":
			if status.Error != nil {
				return nil, status.Error
			}
			return nil, &Error{Type: ErrInternal, Title: "The file could not be read", Detail: "Upload it again."}
		}
		if err := r.client.clock.Sleep(ctx, ingestPause); err != nil {
			return nil, err
		}
	}
}

func (r *DataResource) instructions(ctx context.Context, fileID string) (*UploadStarted, error) {
	return get[UploadStarted](ctx, r.client, "/data/uploads/"+fileID, nil)
}

// A source is the bytes of a file that can be read from anywhere in it, several times.
type source struct {
	io.ReaderAt
	name  string
	size  int64
	close func()
}

// openSource opens the file at path, or takes reader.
func openSource(path string, reader io.Reader, name string) (*source, error) {
	if (path == "") == (reader == nil) {
		return nil, invalidRequest(errors.New("give either a Path, or a Reader with a Filename"))
	}
	if path != "" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		if name == "" {
			name = filepath.Base(path)
		}
		return sizedSource(file, file, name, func() { _ = file.Close() })
	}
	if name == "" {
		return nil, invalidRequest(errors.New("a Reader needs a Filename, such as table.csv"))
	}
	if sized, ok := reader.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		return sizedSource(sized, sized, name, func() {})
	}
	return spooled(reader, name)
}

func sizedSource(at io.ReaderAt, seeker io.Seeker, name string, close func()) (*source, error) {
	size, err := seeker.Seek(0, io.SeekEnd)
	if err != nil {
		close()
		return nil, err
	}
	return &source{ReaderAt: at, name: name, size: size, close: close}, nil
}
