package logic

import (
	"context"
	"sync"
)

// A group runs functions at once, as errgroup of golang.org/x/sync does: the first error ends the context of all.
type group struct {
	waiting sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

// newGroup returns a group, and the context that its functions use.
func newGroup(ctx context.Context) (*group, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	return &group{ctx: ctx, cancel: cancel}, ctx
}

// run starts a function.
func (g *group) run(function func() error) {
	g.waiting.Add(1)
	go func() {
		defer g.waiting.Done()
		if err := function(); err != nil {
			g.cancel(err)
		}
	}()
}

// wait waits for all functions, and returns the first error.
func (g *group) wait() error {
	g.waiting.Wait()
	err := context.Cause(g.ctx)
	g.cancel(nil)
	return err
}
