package epp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is a four-byte length that counts itself, and a document.
const (
	header   = 4
	maxFrame = 1 << 20
)

// readFrame reads one document. The length is judged before memory is taken for it.
func readFrame(r io.Reader) ([]byte, error) {
	var head [header]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n <= header || n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes: a frame has %d to %d", n, header+1, maxFrame)
	}
	body := make([]byte, n-header)
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) { // the header was there, so the end is early
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return body, nil
}

// writeFrame writes one document in one piece, so that it is one TLS record where it can be.
func writeFrame(w io.Writer, body []byte) error {
	if len(body) == 0 || len(body)+header > maxFrame {
		return fmt.Errorf("document of %d bytes does not fit a frame", len(body))
	}
	frame := make([]byte, header, header+len(body))
	binary.BigEndian.PutUint32(frame, uint32(len(body)+header))
	_, err := w.Write(append(frame, body...))
	return err
}
