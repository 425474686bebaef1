// Command goclient is an installation without a way to the license server, with the Go library: it writes its request
// file, and takes a lease file.
//
//	goclient FOLDER ROOT,ROOT IDENTIFIER request KEY
//	goclient FOLDER ROOT,ROOT IDENTIFIER load FILE
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/keystead/keystead/sdk/go/licensed"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("five arguments are needed")
	}
	lic, err := licensed.New(licensed.Config{
		Product: "widget", RootKeys: strings.Split(args[1], ","), Store: licensed.File(filepath.Join(args[0], "license.json")),
		Version: "1.2.0", Identifier: licensed.Fixed(args[2]),
		Place: licensed.Fixed(licensed.Place{Domain: args[2], Directory: "/srv/größe"}),
	})
	if err != nil {
		return err
	}
	switch args[3] {
	case "request":
		file, err := lic.RequestFile(ctx, args[4])
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(file)
		return err
	case "load":
		file, err := os.ReadFile(args[4])
		if err != nil {
			return err
		}
		if err := lic.LoadLease(ctx, file); err != nil {
			return err
		}
		st := lic.Check(ctx)
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"state": fmt.Sprint(st.State)})
	}
	return fmt.Errorf("%s is unknown", args[3])
}
