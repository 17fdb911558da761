package regatta

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sort"
	"sync"
)

const (
	// How many parts are sent at a time.
	partsAtOnce = 4
	// How often URLs that have expired are replaced by new ones.
	partRounds = 4
)

// postForm sends a file to the bucket by the form that the service signed.
func (c *Client) postForm(
	ctx context.Context, address string, signed map[string]string, file *source, report func(string, float64),
) error {
	fields := make([][2]string, 0, len(signed))
	for name, value := range signed {
		fields = append(fields, [2]string{name, value})
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i][0] < fields[j][0] })
	form, err := newForm(fields, file)
	if err != nil {
		return invalidRequest(err)
	}
	sent := newTransfer(form.size, 0, report)
	return c.put(ctx, http.MethodPost, address, form.contentType, form.size, func() (io.Reader, error) {
		body, err := form.open()
		return sent.counting(body), err
	})
}

// sendParts sends the missing parts, several at a time, and has them joined. Parts whose URL expired, and parts that the
// service still misses, are sent again.
func (r *DataResource) sendParts(
	ctx context.Context, started *UploadStarted, file *source, report func(string, float64),
) error {
	for round := 1; ; round++ {
		err := r.sendRound(ctx, started, file, report)
		if err == nil {
			path := "/data/uploads/" + started.FileID + "/complete"
			// Completing twice does no harm. It takes no new key each round: an answer that was refused uses none up.
			_, err = fetch[UploadStarted](ctx, r.client, newCall(http.MethodPost, path, nil).withKey(started.FileID))
		}
		if err == nil || round == partRounds || !(isExpired(err) || errors.Is(err, ErrIncompleteUpload)) {
			return err
		}
		if started, err = r.instructions(ctx, started.FileID); err != nil {
			return err
		}
	}
}

func isExpired(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.Type == ErrRedirectTarget && failure.Status == http.StatusForbidden
}

// sendRound sends every part that is missing.
func (r *DataResource) sendRound(
	ctx context.Context, started *UploadStarted, file *source, report func(string, float64),
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := newTransfer(started.SizeBytes, started.SizeBytes-missingBytes(started), report)
	parts := make(chan PartURL)
	var group sync.WaitGroup
	for range partsAtOnce {
		group.Add(1)
		go func() {
			defer group.Done()
			for part := range parts {
				if err := r.sendPart(ctx, started, part, file, sent); err != nil {
					cancel(err)
				}
			}
		}()
	}
	for _, part := range started.Parts {
		if ctx.Err() != nil {
			break
		}
		parts <- part
	}
	close(parts)
	group.Wait()
	return context.Cause(ctx)
}

func (r *DataResource) sendPart(
	ctx context.Context, started *UploadStarted, part PartURL, file *source, sent *transfer,
) error {
	offset, size := started.partRange(part.Number)
	return r.client.put(ctx, http.MethodPut, part.URL, "", size, func() (io.Reader, error) {
		return sent.counting(io.NewSectionReader(file, offset, size)), nil
	})
}

// partRange returns where a part begins in the file, and its bytes; the last part is shorter.
func (u *UploadStarted) partRange(number int) (offset, size int64) {
	offset = int64(number-1) * u.PartSize
	return offset, min(u.PartSize, u.SizeBytes-offset)
}

func missingBytes(started *UploadStarted) int64 {
	var missing int64
	for _, part := range started.Parts {
		_, size := started.partRange(part.Number)
		missing += size
	}
	return missing
}

// put sends bytes to the bucket, again if the connection breaks.
func (c *Client) put(
	ctx context.Context, method, address, contentType string, size int64, open func() (io.Reader, error),
) error {
	response, err := c.repeat(ctx, true, func() (*http.Response, error) {
		body, err := open()
		if err != nil {
			return nil, err
		}
		request, err := http.NewRequestWithContext(ctx, method, address, body)
		if err != nil {
			return nil, invalidRequest(err)
		}
		request.ContentLength = size
		if contentType != "" {
			request.Header.Set("Content-Type", contentType)
		}
		return c.sendElsewhere(request)
	})
	if err != nil {
		return err
	}
	drain(response)
	return nil
}

// A transfer counts the bytes that were sent, by several goroutines, and reports them.
type transfer struct {
	mutex      sync.Mutex
	total, now int64
	report     func(string, float64)
}

func newTransfer(total, now int64, report func(string, float64)) *transfer {
	return &transfer{total: total, now: now, report: report}
}

// counting returns a reader that reports what is read from it. One that is opened anew counts from its beginning again.
func (t *transfer) counting(reader io.Reader) io.Reader {
	return &countingReader{reader: reader, transfer: t}
}

type countingReader struct {
	reader   io.Reader
	transfer *transfer
}

func (r *countingReader) Read(buffer []byte) (int, error) {
	count, err := r.reader.Read(buffer)
	t := r.transfer
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.now += int64(count)
	t.report("uploading", min(1, float64(t.now)/float64(max(t.total, 1))))
	return count, err
}
