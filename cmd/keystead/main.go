// Command keystead is the whole product: server, demo store and the commands around them.
package main

import (
	"os"

	"github.com/keystead/keystead/internal/cli"
)

// version is set by the build.
var version = "unknown"

func main() { os.Exit(cli.Main(version)) }
