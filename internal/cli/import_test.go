package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tables of licenses and of domains tell of the rows that were left out in the same way: the first of them by line, all of them
// in the file that was named.
func TestImportTellsOfWrongRows(t *testing.T) {
	t.Parallel()
	dir := emptyStore(t, "2027-01-31T09:00:00Z")
	for _, tt := range []struct{ what, key, header, row string }{
		{"domains", "domain", "domain,email,expiry date", "a%d.nowhere,ada@example.com,2027-09-01"},
		{"licenses", "license_key", "license_key,email,product", "KEY-%d,ada@example.com,none"},
	} {
		table := tt.header + "\n"
		for i := range listedProblems + 5 {
			table += fmt.Sprintf(tt.row, i) + "\n"
		}
		file, wrong := filepath.Join(t.TempDir(), "in.csv"), filepath.Join(t.TempDir(), "wrong.csv")
		if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
		got := keystead(t, "import", tt.what, "--data", dir, file)
		if got.status == 0 || !strings.Contains(got.err, "… --errors FILE writes all of them.") || !strings.Contains(got.err, "25 rows were left out because of errors") ||
			strings.Count(got.err, "line ") != listedProblems {
			t.Errorf("%s: %d\n%s\n%s", tt.what, got.status, got.out, got.err)
		}
		got = keystead(t, "import", tt.what, "--data", dir, "--dry-run", "--errors", wrong, file)
		if got.status == 0 || !strings.Contains(got.err, "… all are in "+wrong+".") || !strings.Contains(got.out, "Would be imported") ||
			!strings.Contains(got.err, "rows that would be left out because of errors: 25") {
			t.Errorf("%s with a file: %d\n%s\n%s", tt.what, got.status, got.out, got.err)
		}
		written, err := os.ReadFile(wrong)
		if err != nil || strings.Count(string(written), "\n") != 26 || !strings.HasPrefix(string(written), "line,"+tt.key+",field,reason\n") {
			t.Errorf("%s: %v\n%s", tt.what, err, written)
		}
		got = keystead(t, "import", tt.what, "--data", dir, "--json", file)
		if got.status == 0 || !strings.Contains(got.out, `"failed": 25`) {
			t.Errorf("%s as JSON: %d\n%s\n%s", tt.what, got.status, got.out, got.err)
		}
	}
}
