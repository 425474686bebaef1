-- +goose Up
-- The papers of invoices and credit notes, from the first time that one was drawn: what they said then, and the very
-- bytes of the file. A later program may draw the same words differently; what was handed out stays as it was.
CREATE TABLE documents (
    subject_id TEXT COLLATE "C" PRIMARY KEY, -- the invoice's or the credit note's id
    content    TEXT NOT NULL, -- JSON
    pdf        TEXT NOT NULL, -- base64
    sha256     TEXT NOT NULL, -- of the file
    created_at BIGINT NOT NULL
);
