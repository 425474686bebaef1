package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// Write writes a backup of s to w. A server may go on working meanwhile. What is written is a backup only if Write
// returns no error.
func Write(ctx context.Context, w io.Writer, s Source, o Options, progress Progress) (Manifest, error) {
	var m Manifest
	var wrapped string
	if !o.WithoutKey {
		if o.Passphrase == "" {
			return m, ErrNoPassphrase
		}
		var err error
		if wrapped, err = crypt.WrapKey(s.Key, o.Passphrase); err != nil {
			return m, err
		}
	}
	if err := s.Flush(ctx); err != nil {
		return m, fmt.Errorf("fold the counted checks: %w", err)
	}
	schema, _, err := s.DB.SchemaVersion(ctx)
	if err != nil {
		return m, err
	}
	err = s.DB.Read(db.Patient(ctx), func(tx *db.Tx) error {
		m = Manifest{
			Format: Format, Program: s.Version, StoreID: s.StoreID, TestMode: s.TestMode, Engine: s.DB.Engine(), Schema: schema,
			TakenAt: tx.Now, KeyCheck: keyCheck(s.Key), Tables: []Table{}, Files: []Entry{},
		}
		out := &writer{ctx: ctx, tx: tx, source: s, progress: progress, total: int64(2*len(tables) + 1)}
		if err := out.survey(&m, wrapped); err != nil {
			return err
		}
		return out.write(w, m, wrapped)
	})
	if err != nil {
		return m, err
	}
	return m, s.DB.Write(ctx, func(tx *db.Tx) error {
		return event.Emit(ctx, tx, event.New{Type: EventWritten, SubjectID: s.StoreID, Data: map[string]any{"rows": m.Rows(), "files": len(m.Files)}})
	})
}

// writer writes one backup from one state of the store. It reads every table twice: an archive says how long an entry
// is before the entry, and a table may be longer than memory and spare disk.
type writer struct {
	ctx         context.Context //nolint:containedctx // of the one call that made it
	tx          *db.Tx
	source      Source
	ids         map[string]string // of a file with each content
	progress    Progress
	done, total int64
}

func (o *writer) step() {
	o.done++
	if o.progress != nil {
		o.progress(o.done, o.total)
	}
}

// survey fills the manifest: how much there is of everything, and its checksum.
func (o *writer) survey(m *Manifest, wrapped string) error {
	if wrapped != "" {
		m.Key = &Entry{Name: keyName, Size: int64(len(wrapped)), SHA256: sum([]byte(wrapped))}
	}
	for _, t := range tables {
		c := &counter{hash: sha256.New()}
		rows, err := o.writeTable(c, t)
		if err != nil {
			return err
		}
		m.Tables = append(m.Tables, Table{
			Entry: Entry{Name: tablesPrefix + t.name + tablesSuffix, Size: c.size, SHA256: c.sum()}, Table: t.name, Rows: rows,
		})
		o.step()
	}
	return o.surveyFiles(m)
}

// surveyFiles lists the content of releases. Content that is lost can't be in the backup, which is no reason to have
// no backup: it is named.
func (o *writer) surveyFiles(m *Manifest) error {
	rows, err := o.tx.SQL().QueryContext(o.ctx, `SELECT sha256, size, MIN(id) FROM release_files GROUP BY sha256, size ORDER BY sha256`)
	if err != nil {
		return fmt.Errorf("release files: %w", err)
	}
	defer func() { _ = rows.Close() }()
	o.ids = map[string]string{}
	for rows.Next() {
		var id string
		var e Entry
		if err := rows.Scan(&e.SHA256, &e.Size, &id); err != nil {
			return err
		}
		e.Name = filesPrefix + e.SHA256
		content, _, err := o.source.Releases.Open(o.ctx, id)
		switch {
		case err == nil:
			if err := content.Close(); err != nil {
				return err
			}
			o.ids[e.Name] = id
			m.Files = append(m.Files, e)
		case fail.Of(err).Kind == fail.KindNotFound:
			m.Missing = append(m.Missing, e)
		default:
			return err
		}
	}
	return rows.Err()
}

func (o *writer) write(w io.Writer, m Manifest, wrapped string) error {
	zip := gzip.NewWriter(w)
	archive := tar.NewWriter(zip)
	begin := func(name string, size int64) error {
		return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: m.TakenAt.Truncate(time.Second)})
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := begin(manifestName, int64(len(manifest))); err != nil {
		return err
	}
	if _, err := archive.Write(manifest); err != nil {
		return err
	}
	if m.Key != nil {
		if err := begin(m.Key.Name, m.Key.Size); err != nil {
			return err
		}
		if _, err := io.WriteString(archive, wrapped); err != nil {
			return err
		}
	}
	for i, t := range m.Tables {
		if err := begin(t.Name, t.Size); err != nil {
			return err
		}
		if _, err := o.writeTable(archive, tables[i]); err != nil {
			return err
		}
		o.step()
	}
	for _, f := range m.Files {
		if err := begin(f.Name, f.Size); err != nil {
			return err
		}
		if err := o.writeFile(archive, f); err != nil {
			return err
		}
	}
	o.step()
	if err := archive.Close(); err != nil {
		return err
	}
	return zip.Close()
}

func (o *writer) writeFile(w io.Writer, f Entry) error {
	content, _, err := o.source.Releases.Open(o.ctx, o.ids[f.Name])
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // only read
	c := &counter{hash: sha256.New()}
	if _, err := io.Copy(io.MultiWriter(w, c), content); err != nil {
		return err
	}
	if c.sum() != f.SHA256 {
		return fmt.Errorf("the content of release file %s is damaged: its checksum is %s, not %s", o.ids[f.Name], c.sum(), f.SHA256)
	}
	return nil
}

// writeTable writes the names of the columns and then the rows.
func (o *writer) writeTable(w io.Writer, t table) (n int64, err error) {
	rows, err := o.tx.SQL().QueryContext(o.ctx, "SELECT * FROM "+t.name+" ORDER BY "+t.order)
	if err != nil {
		return 0, fmt.Errorf("table %s: %w", t.name, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	var line bytes.Buffer
	lines := json.NewEncoder(&line)
	lines.SetEscapeHTML(false)
	put := func(v any) error {
		line.Reset()
		if err := lines.Encode(v); err != nil {
			return err
		}
		_, err := w.Write(line.Bytes())
		return err
	}
	if err := put(columns); err != nil {
		return 0, err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return n, fmt.Errorf("table %s: %w", t.name, err)
		}
		for i, v := range values {
			if values[i], err = plain(v); err != nil {
				return n, fmt.Errorf("table %s, column %s: %w", t.name, columns[i], err)
			}
		}
		if err := put(values); err != nil {
			return n, fmt.Errorf("table %s: %w", t.name, err)
		}
		n++
	}
	return n, rows.Err()
}

// plain is a value as a backup holds it.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, string:
		return v, nil
	case []byte:
		return string(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	default:
		return nil, fmt.Errorf("a value of type %T has no form in a backup", v)
	}
}

// counter measures what is written to it.
type counter struct {
	hash hash.Hash
	size int64
}

func (c *counter) Write(b []byte) (int, error) {
	c.size += int64(len(b))
	return c.hash.Write(b)
}

func (c *counter) sum() string { return hex.EncodeToString(c.hash.Sum(nil)) }

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
