package epp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// command is what is sent: the verb with what it says, extensions, and the transaction id.
type command struct {
	verb    string // also its name in logs and figures
	attrs   []string
	trid    string
	changes bool // the registry's state: such a command is never sent twice
	body    func(*writer)
	ext     func(*writer)
}

// document writes the command out. An error means that it was asked for with something that can't be said in EPP.
func (c command) document() ([]byte, error) {
	w := newWriter()
	w.open("command")
	w.open(c.verb, c.attrs...)
	if c.body != nil {
		c.body(w)
	}
	w.close(c.verb)
	if c.ext != nil {
		w.open("extension")
		c.ext(w)
		w.close("extension")
	}
	w.token("clTRID", c.trid, 3, 64)
	w.close("command")
	return w.finish()
}

// hello asks for a greeting.
func hello() []byte {
	w := newWriter()
	w.open("hello")
	w.close("hello")
	document, _ := w.finish()
	return document
}

// writer writes elements in the order of the schemas, as registries refuse any other.
type writer struct {
	out bytes.Buffer
	err error
}

func newWriter() *writer {
	w := &writer{}
	w.out.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + "\n")
	w.open("epp", "xmlns", nsEPP)
	return w
}

func (w *writer) finish() ([]byte, error) {
	w.close("epp")
	return w.out.Bytes(), w.err
}

func (w *writer) open(tag string, attrs ...string) {
	w.out.WriteString("<" + tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		w.out.WriteString(" " + attrs[i] + `="`)
		w.text(tag, attrs[i+1])
		w.out.WriteString(`"`)
	}
	w.out.WriteString(">")
}

func (w *writer) close(tag string) { w.out.WriteString("</" + tag + ">") }

// leaf writes an element with nothing but text.
func (w *writer) leaf(tag, text string, attrs ...string) {
	w.open(tag, attrs...)
	w.text(tag, text)
	w.close(tag)
}

// optional writes an element unless its text is empty.
func (w *writer) optional(tag, text string) {
	if text != "" {
		w.leaf(tag, text)
	}
}

// token writes an element whose text has a length.
func (w *writer) token(tag, text string, from, to int, attrs ...string) {
	w.fail(token(tag, text, from, to))
	w.leaf(tag, text, attrs...)
}

// name writes a domain or host name.
func (w *writer) name(tag, name string, attrs ...string) { w.token(tag, name, 1, 255, attrs...) }

// period writes a number of years.
func (w *writer) period(tag string, years int) {
	if years < 1 || years > 99 {
		w.fail(fmt.Errorf("%s of %d years", tag, years))
	}
	w.leaf(tag, strconv.Itoa(years), "unit", "y")
}

func (w *writer) text(tag, s string) {
	if err := sayable(s); err != nil {
		w.fail(fmt.Errorf("%s: %w", tag, err))
		return
	}
	w.fail(xml.EscapeText(&w.out, []byte(s)))
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// token reports what keeps a text from being a schema's token of that length.
func token(what, s string, from, to int) error {
	if n := utf8.RuneCountInString(s); n < from || n > to {
		return fmt.Errorf("%s has %d characters, not %d to %d", what, n, from, to)
	}
	if s != strings.Join(strings.Fields(s), " ") {
		return fmt.Errorf("%s has spaces at its ends or in a row", what)
	}
	if err := sayable(s); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

var errUnsayable = errors.New("control characters, or bytes that are no text")

// sayable refuses what XML can't carry unchanged.
func sayable(s string) error {
	if !utf8.ValidString(s) {
		return errUnsayable
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
			return errUnsayable
		}
	}
	return nil
}
