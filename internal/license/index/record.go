package index

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"time"
)

// A segment of the log begins with segmentHead; records follow, each
//
//	length of the body, 2 bytes    CRC-32C of the body, 4 bytes    body
//
// with little-endian numbers. A body is the instant in microseconds (8 bytes), then texts, each behind its length
// (2 bytes): the address as 0, 4 or 16 bytes, license, identifier; and for a check that is noted in the verification
// log result, the place that was named, version and user agent. No body is empty, so a stretch of zeros is not a record.
const segmentHead = "keystead checks\x001"

const recordHead = 6

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord appends a check's record to b.
func appendRecord(b []byte, c *Check) []byte {
	head := len(b)
	b = append(b, make([]byte, recordHead)...)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.At.UnixMicro()))
	switch ip := c.IP.Unmap(); {
	case ip.Is4():
		a := ip.As4()
		b = append(append(b, 4, 0), a[:]...)
	case ip.Is6():
		a := ip.As16()
		b = append(append(b, 16, 0), a[:]...)
	default:
		b = append(b, 0, 0)
	}
	b = appendText(b, c.LicenseID)
	b = appendText(b, c.Identifier)
	if c.noted() {
		b = appendText(b, c.Result)
		b = appendText(b, c.Domain)
		b = appendText(b, c.PlaceIP)
		b = appendText(b, c.Directory)
		b = appendText(b, c.Version)
		b = appendText(b, c.UserAgent)
	}
	body := b[head+recordHead:]
	binary.LittleEndian.PutUint16(b[head:], uint16(len(body)))
	binary.LittleEndian.PutUint32(b[head+2:], crc32.Checksum(body, castagnoli))
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
}

// cutRecord returns the first check of log and what follows it. ok is false at the end, and where the log is torn.
func cutRecord(log []byte) (c Check, rest []byte, ok bool) {
	if len(log) < recordHead {
		return c, log, false
	}
	length, sum := int(binary.LittleEndian.Uint16(log)), binary.LittleEndian.Uint32(log[2:])
	if length < 8 || len(log)-recordHead < length {
		return c, log, false
	}
	body, rest := log[recordHead:][:length], log[recordHead+length:]
	if crc32.Checksum(body, castagnoli) != sum {
		return c, log, false
	}
	c.At = time.UnixMicro(int64(binary.LittleEndian.Uint64(body))).UTC()
	text := string(body[8:])
	var ip string
	for i, field := range []*string{&ip, &c.LicenseID, &c.Identifier, &c.Result, &c.Domain, &c.PlaceIP, &c.Directory, &c.Version, &c.UserAgent} {
		if i == 3 && text == "" {
			break // not noted
		}
		if len(text) < 2 {
			return Check{}, log, false
		}
		n := int(text[0]) | int(text[1])<<8
		if len(text)-2 < n {
			return Check{}, log, false
		}
		*field, text = text[2:][:n], text[2+n:]
	}
	c.IP, _ = netip.AddrFromSlice([]byte(ip)) // of no bytes: none was known
	return c, rest, true
}
