// Overview is a web service that asks Regatta four things about a model at once, and answers them as one.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"regatta"
	"regatta/examples/overview/internal/cmd"
)

func main() {
	address := flag.String("address", "127.0.0.1:8080", "where to answer; port 0 takes a free one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := regatta.New("")
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Serve(ctx, *address, client); err != nil {
		log.Fatal(err)
	}
}
