package epp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The namespaces that are understood.
const (
	nsEPP     = "urn:ietf:params:xml:ns:epp-1.0"
	nsDomain  = "urn:ietf:params:xml:ns:domain-1.0"
	nsContact = "urn:ietf:params:xml:ns:contact-1.0"
	nsHost    = "urn:ietf:params:xml:ns:host-1.0"
	nsRGP     = "urn:ietf:params:xml:ns:rgp-1.0"
	nsFee     = "urn:ietf:params:xml:ns:epp:fee-1.0"
)

// What a document may have. A registry's longest answers (a long list of names) stay far below.
const (
	maxDepth      = 64
	maxElements   = 20_000
	maxAttributes = 1_000 // of one element
)

// element is one element of an answer.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string // what stands directly in it, trimmed
	children []*element
}

// parse reads a document and trusts nothing: UTF-8 only, no document type (so no entities but XML's own five),
// bounded depth and number of elements. It reads from nowhere else.
func parse(document []byte) (*element, error) {
	if !utf8.Valid(document) {
		return nil, errors.New("document is not UTF-8")
	}
	if err := bounded(document); err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(document))
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("document claims to be in %q, not UTF-8", charset)
	}
	var (
		root  *element
		open  []*element
		texts [][]byte
		count int
	)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if count++; count > maxElements {
				return nil, fmt.Errorf("document has more than %d elements", maxElements)
			}
			if len(open) == maxDepth {
				return nil, fmt.Errorf("document is deeper than %d", maxDepth)
			}
			e := &element{name: t.Name, attrs: t.Attr}
			switch {
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			case root == nil:
				root = e
			default:
				return nil, errors.New("document has a second root")
			}
			open = append(open, e)
			texts = append(texts, nil)
		case xml.EndElement:
			last := len(open) - 1
			open[last].text = strings.TrimSpace(string(texts[last]))
			open, texts = open[:last], texts[:last]
		case xml.CharData:
			if len(open) > 0 {
				texts[len(open)-1] = append(texts[len(open)-1], t...)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, errors.New("document has text outside its root")
			}
		case xml.Directive:
			return nil, errors.New("document has a DOCTYPE")
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, fmt.Errorf("document has a processing instruction %q", t.Target)
			}
		}
	}
	if root == nil {
		return nil, errors.New("document is empty")
	}
	return root, nil
}

// bounded refuses a tag with endless attributes before a decoder collects them. A tag has one "=" per attribute and
// ends before the next "<".
func bounded(document []byte) error {
	equals := 0
	for _, b := range document {
		switch b {
		case '<':
			equals = 0
		case '=':
			if equals++; equals > maxAttributes {
				return fmt.Errorf("element has more than %d attributes", maxAttributes)
			}
		}
	}
	return nil
}

// child returns the first child of that name, or nil. All methods work on nil, as on an element without anything.
func (e *element) child(space, local string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name.Space == space && c.name.Local == local {
			return c
		}
	}
	return nil
}

// all returns the children of that name.
func (e *element) all(space, local string) []*element {
	if e == nil {
		return nil
	}
	var found []*element
	for _, c := range e.children {
		if c.name.Space == space && c.name.Local == local {
			found = append(found, c)
		}
	}
	return found
}

// content is the text in the element.
func (e *element) content() string {
	if e == nil {
		return ""
	}
	return e.text
}

// value is the text in the first child of that name.
func (e *element) value(space, local string) string { return e.child(space, local).content() }

// values are the texts in all children of that name.
func (e *element) values(space, local string) []string {
	var texts []string
	for _, c := range e.all(space, local) {
		texts = append(texts, c.text)
	}
	return texts
}

// attr is the value of an attribute without a prefix.
func (e *element) attr(local string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// flatText is all text in the element and below, for people.
func (e *element) flatText() string {
	if e == nil {
		return ""
	}
	parts := []string{}
	if e.text != "" {
		parts = append(parts, e.text)
	}
	for _, c := range e.children {
		if t := c.flatText(); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, " ")
}
