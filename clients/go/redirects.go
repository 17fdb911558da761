package regatta

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// follow returns the answer that a 303 points at, or the answer itself.
func (c *Client) follow(ctx context.Context, response *http.Response) (*http.Response, error) {
	if response.StatusCode != http.StatusSeeOther {
		return response, nil
	}
	target, err := response.Location()
	drain(response)
	if err != nil {
		return nil, unreadable(response, "it redirects and does not say where to", err)
	}
	return c.fetchFile(ctx, target)
}

// fetchFile opens the file at a URL that the service gave. The headers of this client, and so its key, go to the
// service's own host only: the URL of a file in the bucket is signed, and works without them.
func (c *Client) fetchFile(ctx context.Context, target *url.URL) (*http.Response, error) {
	return c.repeat(ctx, true, func() (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
		if err != nil {
			return nil, invalidRequest(err)
		}
		if strings.HasPrefix(c.base+"/", target.Scheme+"://"+target.Host+"/") {
			request.Header = c.header.Clone()
		}
		return c.sendElsewhere(request)
	})
}

// sendElsewhere sends a request to the host of a presigned URL, and returns a success.
func (c *Client) sendElsewhere(request *http.Request) (*http.Response, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.connectionError(request.Context(), elsewhere(request, fmt.Sprintf(
			"%s cannot be reached from here (%s). Open that host for this machine, or make the service's storage "+
				"answer at an address that its callers reach.", request.URL.Host, rootOf(err)), 0, err))
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	drain(response)
	failure := elsewhere(request, fmt.Sprintf(
		"%s answered %d. A URL works for an hour: make the call again to get a new one.",
		request.URL.Host, response.StatusCode), response.StatusCode, nil)
	failure.RetryAfter = retryAfter(response.Header, c.clock.Now())
	return nil, failure
}

func elsewhere(request *http.Request, detail string, status int, cause error) *Error {
	return &Error{
		Type: ErrRedirectTarget, Title: "The address of the file does not answer",
		Status: status, Detail: detail, Instance: request.URL.Path, cause: cause,
	}
}
