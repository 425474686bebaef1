package billing

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/fail"
)

// Paper is a document as it is handed out: what it says, and its file.
type Paper struct {
	document.Document
	PDF []byte
}

// Document returns what an invoice says, for a page. An invoice whose file was drawn says what the file says.
func (s *Service) Document(ctx context.Context, invoiceID string) (document.Document, error) {
	return s.words(ctx, invoiceID, s.invoicePaper)
}

// DocumentOfNote is [Service.Document] of a credit note.
func (s *Service) DocumentOfNote(ctx context.Context, noteID string) (document.Document, error) {
	return s.words(ctx, noteID, s.notePaper)
}

// PDF returns an invoice's file. The first time it is drawn, and kept: from then on its bytes never change. What is not
// final, a proforma invoice or a draft, is drawn anew each time.
func (s *Service) PDF(ctx context.Context, invoiceID string) (Paper, error) {
	return s.file(ctx, invoiceID, s.invoicePaper)
}

// PDFOfNote is [Service.PDF] of a credit note.
func (s *Service) PDFOfNote(ctx context.Context, noteID string) (Paper, error) {
	return s.file(ctx, noteID, s.notePaper)
}

// compose says what a document says, by what is stored of it.
type composePaper func(ctx context.Context, tx *db.Tx, id string) (document.Document, error)

func (s *Service) invoicePaper(ctx context.Context, tx *db.Tx, id string) (document.Document, error) {
	inv, err := load(ctx, tx, id)
	if err != nil {
		return document.Document{}, err
	}
	if inv.Status == Draft {
		return document.Document{}, fail.Conflict("INVOICE_DRAFT", "The invoice is a draft, so there is no document of it yet.")
	}
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return document.Document{}, fmt.Errorf("terms of invoice %s: %w", id, err)
	}
	var replaces *document.Reference
	if inv.Replaces != "" {
		old, err := load(ctx, tx, inv.Replaces)
		if err != nil {
			return document.Document{}, err
		}
		if old.Number != "" {
			replaces = &document.Reference{Number: old.Number, IssuedOn: old.IssuedOn}
		}
	}
	return inv.paper(terms, replaces), nil
}

func (s *Service) notePaper(ctx context.Context, tx *db.Tx, id string) (document.Document, error) {
	n, inv, err := noteAndInvoice(ctx, tx, id)
	if err != nil {
		return document.Document{}, err
	}
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return document.Document{}, fmt.Errorf("terms of credit note %s: %w", id, err)
	}
	return n.paper(terms, inv), nil
}

func (s *Service) words(ctx context.Context, id string, compose composePaper) (d document.Document, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		kept, ok, err := keptPaper(ctx, tx, id)
		if err != nil {
			return err
		}
		if d = kept.Document; !ok {
			d, err = compose(ctx, tx, id)
		}
		return err
	})
	return d, err
}

func (s *Service) file(ctx context.Context, id string, compose composePaper) (Paper, error) {
	var p Paper
	var kept bool
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if p, kept, err = keptPaper(ctx, tx, id); err != nil || kept {
			return err
		}
		p.Document, err = compose(ctx, tx, id)
		return err
	})
	if err != nil || kept {
		return p, err
	}
	if err := p.Validate(); err != nil {
		return Paper{}, fmt.Errorf("document of %s: %w", id, err)
	}
	// Drawn outside of any transaction: it takes a while.
	if p.PDF, err = document.PDF(p.Document); err != nil {
		return Paper{}, fmt.Errorf("document of %s: %w", id, err)
	}
	if p.Kind == document.Proforma {
		return p, nil
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := keepPaper(ctx, tx, id, p); err != nil {
			return err
		}
		// Another may have been first: his is the one.
		p, _, err = keptPaper(ctx, tx, id)
		return err
	})
	return p, err
}

func keepPaper(ctx context.Context, tx *db.Tx, id string, p Paper) error {
	content, err := json.Marshal(p.Document)
	if err != nil {
		return err
	}
	err = tx.KeepDocument(ctx, query.KeepDocumentParams{
		SubjectID: id, Content: string(content), Pdf: base64.StdEncoding.EncodeToString(p.PDF), Sha256: fingerprint(p.PDF),
		CreatedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("keep the document of %s: %w", id, err)
	}
	return nil
}

func keptPaper(ctx context.Context, tx *db.Tx, id string) (p Paper, ok bool, err error) {
	r, err := tx.KeptDocument(ctx, id)
	if db.NotFound(err) {
		return Paper{}, false, nil
	}
	if err != nil {
		return Paper{}, false, fmt.Errorf("document of %s: %w", id, err)
	}
	if err := json.Unmarshal([]byte(r.Content), &p.Document); err != nil {
		return Paper{}, false, fmt.Errorf("document of %s: %w", id, err)
	}
	if p.PDF, err = base64.StdEncoding.DecodeString(r.Pdf); err != nil {
		return Paper{}, false, fmt.Errorf("document of %s: %w", id, err)
	}
	return p, true, nil
}

func fingerprint(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}
