package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile is a file of settings. Flags and variables go before it.
type configFile struct {
	values map[string]string
	lines  map[string]int
}

// readConfig reads lines of the form "name = value"; empty lines and those that begin with # say nothing.
func readConfig(r io.Reader) (kong.Resolver, error) {
	c := configFile{values: map[string]string{}, lines: map[string]int{}}
	scan := bufio.NewScanner(r)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimSpace(scan.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !found || name == "" {
			return nil, fmt.Errorf("line %d is not of the form 'name = value'", n)
		}
		if _, twice := c.values[name]; twice {
			return nil, fmt.Errorf("line %d sets %s again", n, name)
		}
		c.values[name], c.lines[name] = strings.TrimSpace(value), n
	}
	return c, scan.Err()
}

// Validate refuses names that no command has: a misspelt setting must not be ignored.
func (c configFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	var collect func(node *kong.Node)
	collect = func(node *kong.Node) {
		for _, flag := range node.Flags {
			known[flag.Name] = true
		}
		for _, child := range node.Children {
			collect(child)
		}
	}
	collect(app.Node)
	for name, line := range c.lines {
		if !known[name] || name == "help" || name == "config" {
			return fmt.Errorf("line %d: there is no setting %s", line, name)
		}
	}
	return nil
}

// Resolve gives a flag its value from the file, unless a variable says otherwise.
func (c configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := c.values[flag.Name]
	if !ok {
		return nil, nil
	}
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return value, nil
}
