// Package cmd starts the server.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"regatta"
	"regatta/examples/overview/internal/controller"
	"regatta/examples/overview/internal/logic"
)

// Serve answers at address until ctx ends, and prints the URL.
func Serve(ctx context.Context, address string, client *regatta.Client) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	overview := controller.NewOverview(logic.NewOverview(client))
	routes.HandleFunc("POST /overview", overview.Show)

	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	fmt.Printf("http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
