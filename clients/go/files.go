package regatta

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// A fileLink is the result of a job that made a file.
type fileLink struct {
	URL string `json:"url"`
}

// open sends a call whose answer is a file: in the body, at the URL of a redirect, or at the URL that a job ends with.
func (c *Client) open(ctx context.Context, call *call, options *callOptions) (*http.Response, error) {
	response, err := c.send(ctx, call)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusAccepted {
		return c.follow(ctx, response)
	}
	if options == nil {
		options = callWith(nil)
	}
	job, err := c.followJob(ctx, response, options)
	if err != nil {
		return nil, err
	}
	var link fileLink
	if err := job.Decode(&link); err != nil || link.URL == "" {
		return nil, notRegatta(response, err)
	}
	target, err := url.Parse(link.URL)
	if err != nil {
		return nil, notRegatta(response, err)
	}
	return c.fetchFile(ctx, target)
}

// save writes the file that a call answers with to w as it arrives, and returns the number of bytes.
func (c *Client) save(ctx context.Context, w io.Writer, call *call, options *callOptions) (int64, error) {
	response, err := c.open(ctx, call, options)
	if err != nil {
		return 0, err
	}
	return copyBody(ctx, w, response)
}

// copyBody writes the body of an answer to w as it arrives, and returns the number of bytes.
func copyBody(ctx context.Context, w io.Writer, response *http.Response) (int64, error) {
	defer drain(response)
	body := &bodyReader{reader: response.Body}
	written, err := io.Copy(w, body)
	switch {
	case err == nil:
		return written, nil
	case ctx.Err() != nil:
		return written, context.Cause(ctx)
	case body.err != nil:
		return written, unreachable(response.Request, body.err)
	}
	return written, err // The caller's writer failed.
}

// A bodyReader remembers whether reading failed, so that a failure of the writer differs from one of the connection.
type bodyReader struct {
	reader io.Reader
	err    error
}

func (b *bodyReader) Read(buffer []byte) (int, error) {
	count, err := b.reader.Read(buffer)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return count, err
}
