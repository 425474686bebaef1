package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/keystead/keystead/internal/fail"
)

// NotFound reports whether err says that a query for one row found none.
func NotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Duplicate reports whether err is a violation of a unique constraint.
func Duplicate(err error) bool {
	var le *sqlite.Error
	if errors.As(err, &le) {
		return le.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || le.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505"
}

// retryAfter is what a client is told to wait when the store is away.
const retryAfter = 5 * time.Second

// explain turns the errors that mean "the store can't be used now" into fail.Unavailable, so that every face answers
// 503 with Retry-After. Others pass unchanged.
func explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var fe *fail.Error
	if errors.As(err, &fe) {
		return err
	}
	detail := ""
	var le *sqlite.Error
	var pe *pgconn.PgError
	var ce *pgconn.ConnectError
	switch {
	case errors.Is(err, errSync):
		detail = "The database file can't be used."
	case errors.As(err, &le):
		switch le.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			detail = "The database is locked by another process."
		case sqlite3.SQLITE_FULL:
			detail = "The disk is full: nothing can be stored. Reading still works."
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			detail = "The database file can't be used."
		}
	case errors.As(err, &ce), died(err), errors.Is(err, errClosed), errors.Is(err, syscall.ENOSPC):
		detail = "The database can't be reached."
	case errors.As(err, &pe):
		// Classes 08 connection, 53 resources, 57 operator intervention, 58 system; 25006 read-only transaction.
		if c := pe.Code; strings.HasPrefix(c, "08") || strings.HasPrefix(c, "53") || strings.HasPrefix(c, "57") || strings.HasPrefix(c, "58") || c == "25006" || c == "55P03" {
			detail = "The database can't take requests."
		}
	case errors.Is(err, context.DeadlineExceeded):
		detail = "The database took too long."
	}
	if detail == "" {
		return err
	}
	return &fail.Error{Kind: fail.KindUnavailable, Code: "STORE_UNAVAILABLE", Detail: detail, RetryAfter: retryAfter, Err: err}
}

// died reports whether err says that an open connection has ended.
func died(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code == "57P01" || pe.Code == "57P02" || pe.Code == "25P03" // the server shuts down, crashed, or waited too long for us
	}
	for _, end := range []error{
		driver.ErrBadConn, sql.ErrConnDone, pgconn.ErrConnClosed, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	var oe *net.OpError
	return errors.As(err, &oe)
}
