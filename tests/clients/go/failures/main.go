// Failures meets what goes wrong by the Go client, and prints the type and the text of each error as one JSON object.
//
// Usage: failures FILE_ID MODEL. The service is the one in REGATTA_URL; the addresses of servers that are no Regatta, of
// another version, out of reach, and that redirect to a host out of reach are in REGATTA_TEST_*.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"regatta"
)

func main() {
	ctx := context.Background()
	client := clientOf("")
	fileID, model := os.Args[1], os.Args[2]
	found := map[string][2]string{}
	note := func(name string, err error) {
		var failure *regatta.Error
		if !errors.As(err, &failure) || !errors.Is(err, failure.Type) {
			log.Panicf("%s: %v", name, err)
		}
		found[name] = [2]string{string(failure.Type), err.Error()}
	}

	_, err := client.Predict.Row(ctx, regatta.Row{"a": 1}, regatta.Predict{Model: "nobody's"})
	note("unknown model", err)
	_, err = client.Models.Train(ctx, regatta.Train{ModelType: "ridge", Target: "nowhere", FileID: fileID})
	note("unknown column", err)
	_, err = client.Models.Train(ctx, regatta.Train{ModelType: "magic", FileID: fileID})
	note("unknown model type", err)
	_, err = client.Predict.Row(ctx, regatta.Row{"城市": "上海", "面积": "wide", "房龄": 3}, regatta.Predict{Model: model})
	note("unusable row", err)
	_, err = client.Data.Get(ctx, "nothing")
	note("unknown file", err)
	_, err = client.Jobs.Wait(ctx, "nothing")
	note("unknown job", err)
	_, err = client.Series.Get(ctx, "nothing")
	note("unknown series", err)

	for _, name := range []string{"HTML", "OTHER_VERSION", "UNREACHABLE", "UNAUTHORIZED"} {
		_, err = clientOf(os.Getenv("REGATTA_TEST_" + name)).Data.List(ctx)
		note(name, err)
	}
	_, err = clientOf(os.Getenv("REGATTA_TEST_REDIRECT")).Data.Download(ctx, io.Discard, regatta.Download{})
	note("REDIRECT", err)
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Panic(err)
	}
}

func clientOf(address string) *regatta.Client {
	client, err := regatta.New(address, regatta.WithRetries(0))
	if err != nil {
		log.Panic(err)
	}
	return client
}
