package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/backup"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
)

const passphrase = "four words, some commas"

// place is where a store is: flags for a command.
type storeAt struct {
	name  string
	flags []string
}

func inFolder(dir string) storeAt { return storeAt{"sqlite", []string{"--data", dir}} }

// inDatabase is an empty PostgreSQL database with a folder for what is not in it.
func inDatabase(t *testing.T) storeAt {
	t.Helper()
	dir := t.TempDir()
	return storeAt{"postgres", []string{
		"--database-url", dbtest.PostgresURL(t), "--files", filepath.Join(dir, "files"), "--master-key-file", filepath.Join(dir, "key"),
	}}
}

func backUp(t *testing.T, from storeAt) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "store.tar.gz")
	must(t, append([]string{"backup", file, "--backup-passphrase-file", passphraseFile(t, passphrase)}, from.flags...)...)
	return file
}

func passphraseFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func restore(t *testing.T, file string, to storeAt, secret string) result {
	t.Helper()
	return keystead(t, append([]string{"restore", file, "--backup-passphrase-file", passphraseFile(t, secret)}, to.flags...)...)
}

// A store comes back as it was, from each engine to each, with its files and its key; it says that it is restored, and
// its books are right.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	first := backUp(t, inFolder(demoStore(t)))
	lite, pg := inFolder(filepath.Join(t.TempDir(), "restored")), inDatabase(t)
	for _, step := range []struct {
		from storeAt
		to   storeAt
	}{
		{storeAt{}, lite},
		{storeAt{}, pg},
		{pg, inFolder(t.TempDir())},
	} {
		file := first
		if step.from.name != "" {
			file = backUp(t, step.from)
		}
		t.Logf("to %s", step.to.name)
		if r := restore(t, file, step.to, passphrase); r.status != done {
			t.Fatalf("restore: %s", r.err)
		}
		same(t, file, backUp(t, step.to))
		if r := must(t, append([]string{"verify"}, step.to.flags...)...); !strings.Contains(r.out, "No differences") {
			t.Error(r.out)
		}
		if r := must(t, append([]string{"doctor"}, step.to.flags...)...); !strings.Contains(r.out, "in recovery") {
			t.Errorf("the doctor does not say that the store is restored:\n%s", r.out)
		}
		if r := must(t, append([]string{"recovery", "show"}, step.to.flags...)...); !strings.Contains(r.out, "mails") || !strings.Contains(r.err, "not confirmed yet") {
			t.Errorf("what waits: %s%s", r.out, r.err)
		}
		must(t, append([]string{"recovery", "confirm"}, step.to.flags...)...)
		if r := keystead(t, append([]string{"recovery", "confirm"}, step.to.flags...)...); r.status != failed || !strings.Contains(r.err, "not in recovery") {
			t.Errorf("confirmed twice: %d %s", r.status, r.err)
		}
		// New rows get new numbers.
		must(t, append([]string{"token", "create", "--scope", "*"}, step.to.flags...)...)
	}
}

// What is written down about a test store being restored is of that store's own time, whatever the machine's clock says.
func TestRestoredTestStoreKeepsItsTime(t *testing.T) {
	t.Parallel()
	for _, day := range []string{"2020-02-29", "2051-12-31"} {
		file := backUp(t, inFolder(emptyStore(t, day)))
		for _, to := range []storeAt{inFolder(t.TempDir()), inDatabase(t)} {
			if r := restore(t, file, to, passphrase); r.status != done {
				t.Fatal(r.err)
			}
			if r := must(t, append([]string{"doctor"}, to.flags...)...); !strings.Contains(r.out, "the store was restored at "+day) {
				t.Errorf("%s, %s: %s", day, to.name, r.out)
			}
			if to.name != "sqlite" {
				continue
			}
			a := openStore(t, to.flags[1])
			latest, err := a.Events.Recent(t.Context(), "", event.Filter{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if e := latest[0]; e.Type != backup.EventRestored || !e.OccurredAt.Equal(a.DB.Clock().Now()) {
				t.Errorf("%s: the last event is %s of %s", day, e.Type, e.OccurredAt)
			}
		}
	}
}

// same compares a backup with that of the store that was restored from it.
func same(t *testing.T, want, got string) {
	t.Helper()
	before, after := entries(t, want), entries(t, got)
	for name, content := range before {
		now, there := after[name]
		switch {
		case !there:
			t.Errorf("%s is lost", name)
		case name == "manifest.json" || name == "master.key.wrapped":
		case name == "tables/events.jsonl":
			if !strings.HasPrefix(now, content) {
				t.Error("the history differs")
			}
		case name == "tables/store_facts.jsonl":
			for line := range strings.Lines(content) {
				if !strings.Contains(line, `"recovery"`) && !strings.Contains(now, line) {
					t.Errorf("the fact %s is lost", line)
				}
			}
		case name == "tables/jobs.jsonl" || name == "tables/audit_log.jsonl" || name == "tables/api_tokens.jsonl":
			if !strings.Contains(now, content[strings.Index(content, "\n")+1:]) {
				t.Errorf("%s differs", name)
			}
		case now != content:
			t.Errorf("%s differs:\n%.300s\n%.300s", name, content, now)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d entries became %d", len(before), len(after))
	}
}

func entries(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all[h.Name] = string(text)
	}
}

// What is no whole backup is refused, and so is a wrong passphrase: nothing is left where the store should be.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	file := backUp(t, inFolder(demoStore(t)))
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(name string, change func(content []byte) []byte) []byte { return repack(t, good, name, change) }
	for name, c := range map[string]struct {
		content []byte
		secret  string
		says    string
	}{
		"empty":              {nil, passphrase, "no whole backup"},
		"something else":     {[]byte("this is a text"), passphrase, "no whole backup"},
		"cut off":            {good[:len(good)*2/3], passphrase, "unexpected EOF"},
		"cut at its end":     {good[:len(good)-4], passphrase, "unexpected EOF"},
		"a bit changed":      {flip(good), passphrase, "no whole backup"},
		"something added":    {append(bytes.Clone(good), 'x'), passphrase, "no whole backup"},
		"a table changed":    {changed("tables/invoices.jsonl", func(b []byte) []byte { return bytes.Replace(b, []byte("INV-"), []byte("INX-"), 1) }), passphrase, "is damaged"},
		"a table shorter":    {changed("tables/payments.jsonl", func(b []byte) []byte { return b[:len(b)/2] }), passphrase, "stands where"},
		"a table missing":    {changed("tables/payments.jsonl", func([]byte) []byte { return nil }), passphrase, "stands where"},
		"of the future":      {changed("manifest.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 9`), 1) }), passphrase, "reads form 1"},
		"of a newer program": {changed("manifest.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"schema": `), []byte(`"schema": 9`), 1) }), passphrase, "made by a newer Keystead"},
		"a strange table": {changed("manifest.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"table": "staff"`), []byte(`"table": "pg_authid"`), 1)
		}), passphrase, "pg_authid"},
		"wrong passphrase": {good, "something else", "wrong passphrase"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := filepath.Join(t.TempDir(), "bad.tar.gz")
			if err := os.WriteFile(bad, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "store")
			r := restore(t, bad, inFolder(dir), c.secret)
			if r.status != failed || !strings.Contains(r.err, c.says) {
				t.Errorf("status %d, %q; want %d and %q", r.status, r.err, failed, c.says)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("something is left: %v", err)
			}
		})
	}
}

func flip(b []byte) []byte {
	c := bytes.Clone(b)
	c[len(c)/2] ^= 1
	return c
}

// repack changes one entry of a backup; nil removes it.
func repack(t *testing.T, file []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	outZip := gzip.NewWriter(&out)
	outTar := tar.NewWriter(outZip)
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == name {
			if content = change(content); content == nil {
				continue
			}
		}
		h.Size = int64(len(content))
		if err := outTar.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := outTar.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(outTar.Close(), outZip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A backup of an older schema is restored into that schema, which is then brought up to date.
func TestRestoreOlderSchema(t *testing.T) {
	t.Parallel()
	file := backUp(t, inFolder(demoStore(t)))
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Before licenses there was schema 2.
	then, now := columnsAt(t, 2), entries(t, file)
	var later []string
	narrow := map[string][]byte{}
	content = repack(t, content, "manifest.json", func(b []byte) []byte {
		var m backup.Manifest
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		m.Schema = 2
		m.Tables = slices.DeleteFunc(m.Tables, func(k backup.Table) bool {
			if len(then[k.Table]) > 0 {
				return false
			}
			later = append(later, k.Name)
			return true
		})
		for i, k := range m.Tables {
			rows, cut := only(t, now[k.Name], then[k.Table])
			if !cut {
				continue
			}
			sum := sha256.Sum256(rows)
			m.Tables[i].Size, m.Tables[i].SHA256 = int64(len(rows)), hex.EncodeToString(sum[:])
			narrow[k.Name] = rows
		}
		if b, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		return b
	})
	for _, name := range later {
		content = repack(t, content, name, func([]byte) []byte { return nil })
	}
	for name, rows := range narrow {
		content = repack(t, content, name, func([]byte) []byte { return rows })
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if r := restore(t, file, inFolder(dir), passphrase); r.status != done {
		t.Fatal(r.err)
	}
	has := census(t, openStore(t, dir))
	if has["25 customers"] == 0 || has["paid invoices"] == 0 || has["active licenses"] != 0 {
		t.Errorf("the restored store has %v", has)
	}
}

// only is a table of a backup with none but the given columns; cut says that it had others.
func only(t *testing.T, table string, columns []string) (rows []byte, cut bool) {
	t.Helper()
	var kept []int
	for line := range strings.Lines(table) {
		var row []json.RawMessage
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			for i, name := range row {
				if slices.Contains(columns, strings.Trim(string(name), `"`)) {
					kept = append(kept, i)
				}
			}
			cut = len(kept) < len(row)
		}
		var fewer []json.RawMessage
		for _, i := range kept {
			fewer = append(fewer, row[i])
		}
		b, err := json.Marshal(fewer)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(append(rows, b...), '\n')
	}
	return rows, cut
}

// columnsAt are the columns of each table of a schema.
func columnsAt(t *testing.T, schema int64) map[string][]string {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{Dir: t.TempDir(), Clock: clock.System(), Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	columns := map[string][]string{}
	err = d.Read(t.Context(), func(tx *db.Tx) (err error) {
		rows, err := tx.SQL().QueryContext(t.Context(), "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var table, column string
			if err := rows.Scan(&table, &column); err != nil {
				return err
			}
			columns[table] = append(columns[table], column)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// Nothing is restored over something.
func TestRestoreIntoEmptyPlacesOnly(t *testing.T) {
	t.Parallel()
	dir := demoStore(t)
	file := backUp(t, inFolder(dir))
	if r := restore(t, file, inFolder(dir), passphrase); r.status != failed || !strings.Contains(r.err, backup.ErrNotEmpty.Error()) {
		t.Errorf("into the store itself: status %d, %s", r.status, r.err)
	}
	pg := inDatabase(t)
	if r := restore(t, file, pg, passphrase); r.status != done {
		t.Fatalf("into an empty database: %s", r.err)
	}
	if r := restore(t, file, pg, passphrase); r.status != failed || !strings.Contains(r.err, "the database has a store") {
		t.Errorf("into a database with a store: status %d, %s", r.status, r.err)
	}
}

// A backup without the master key needs the key from outside, and notices a wrong one.
func TestBackupWithoutKey(t *testing.T) {
	t.Parallel()
	dir := demoStore(t)
	file := filepath.Join(t.TempDir(), "store.tar.gz")
	must(t, "backup", file, "--without-key", "--data", dir)
	if _, there := entries(t, file)["master.key.wrapped"]; there {
		t.Error("the master key is in the backup")
	}
	to := filepath.Join(t.TempDir(), "restored")
	if r := keystead(t, "restore", file, "--data", to); r.status != failed || !strings.Contains(r.err, "without the master key") {
		t.Errorf("without any key: status %d, %s", r.status, r.err)
	}
	other := crypt.NewKey()
	wrong := passphraseFile(t, hex.EncodeToString(other[:]))
	if r := keystead(t, "restore", file, "--data", to, "--master-key-file", wrong); r.status != failed || !strings.Contains(r.err, "not the one of the store") {
		t.Errorf("with another key: status %d, %s", r.status, r.err)
	}
	right := filepath.Join(dir, masterKeyFile)
	must(t, "restore", file, "--data", to, "--master-key-file", right)
	if _, err := os.Stat(filepath.Join(to, masterKeyFile)); !os.IsNotExist(err) {
		t.Errorf("a key that is kept outside was written into the folder: %v", err)
	}
	must(t, "verify", "--data", to, "--master-key-file", right)
}

// A backup of a running server holds what was answered by then, and a broken one never gets the name of a backup.
func TestBackupOfOpenStore(t *testing.T) {
	t.Parallel()
	a := openStore(t, demoStore(t))
	api := openedHere(a)
	var l struct {
		Data []struct {
			Key string `json:"key"`
			ID  string `json:"id"`
		} `json:"data"`
	}
	if err := api.get(t.Context(), "/licenses?limit=1&status=active", &l); err != nil {
		t.Fatal(err)
	}
	s := quiet()
	before := checksIn(t, a.Dir(), api, l.Data[0].ID)
	for range 5 {
		if err := ask(t.Context(), s, api, "validate", map[string]string{"license_key": l.Data[0].Key}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if after := checksIn(t, a.Dir(), api, l.Data[0].ID); after != before+5 {
		t.Errorf("the backup has %d checks, want %d", after, before+5)
	}
}

// checksIn is how many checks of a license a backup of the open store holds.
func checksIn(t *testing.T, dir string, api *client, id string) (n int64) {
	t.Helper()
	c := &backupCommand{storeFlags: storeFlags{Data: dir}, WithoutKey: true, File: filepath.Join(t.TempDir(), "store.tar.gz")}
	if _, err := c.write(t.Context(), quiet(), api, app.BackupRequest{WithoutKey: true}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(entries(t, c.File)["tables/license_checks.jsonl"]) {
		if strings.Contains(line, id) {
			if _, err := fmt.Sscanf(line, `["`+id+`",%d`, &n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}
