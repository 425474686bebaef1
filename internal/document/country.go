package document

import (
	_ "embed"
	"strings"
	"sync"
)

// countries.tsv has the codes of ISO 3166-1 with the short names that people write on
// letters, in English and German.
//
//go:embed countries.tsv
var countryTable string

var countryNames = sync.OnceValue(func() map[string][2]string {
	names := map[string][2]string{}
	for line := range strings.Lines(countryTable) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		names[f[0]] = [2]string{f[1], f[2]}
	}
	return names
})

// countryName is how a language calls a country; a code that is none is shown as it is.
func (w words) countryName(code string) string {
	if names, ok := countryNames()[strings.ToUpper(code)]; ok {
		return names[w.column]
	}
	return code
}
