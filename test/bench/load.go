package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// result is what one run of load saw.
type result struct {
	requests int
	perSec   float64
	p50, p99 time.Duration
	failed   int // answers that were not the wanted ones
	firstBad string
	cpu      time.Duration // of the server, for each request
}

// request makes the nth request of a connection and judges its answer. The buffer is reused.
type request func(conn, n int, buf *bytes.Buffer) (judge func(status int, body []byte) bool)

// run sends requests over conns connections, each waiting for its answer before the next, for d. It speaks HTTP/1.1
// by itself: on two cores a full client would cost as much as the server that is measured.
func run(addr string, conns int, d time.Duration, next request) (result, error) {
	type partial struct {
		latencies []time.Duration
		failed    int
		bad       string
		err       error
	}
	parts := make([]partial, conns)
	var wg sync.WaitGroup
	start := now()
	end := start.Add(d)
	for c := range conns {
		wg.Go(func() {
			p := &parts[c]
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				p.err = err
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(end.Add(30 * time.Second))
			in := bufio.NewReaderSize(conn, 8<<10)
			var buf bytes.Buffer
			var body []byte
			for n := 0; ; n++ {
				sent := now()
				if sent.After(end) {
					return
				}
				buf.Reset()
				judge := next(c, n, &buf)
				if _, p.err = conn.Write(buf.Bytes()); p.err != nil {
					return
				}
				var status int
				if status, body, p.err = readAnswer(in, body); p.err != nil {
					return
				}
				p.latencies = append(p.latencies, now().Sub(sent))
				if !judge(status, body) {
					p.failed++
					if p.bad == "" {
						p.bad = fmt.Sprintf("%d %s", status, body)
					}
				}
			}
		})
	}
	wg.Wait()
	took := now().Sub(start)
	var all []time.Duration
	var r result
	for _, p := range parts {
		if p.err != nil {
			return r, fmt.Errorf("connection: %w", p.err)
		}
		all = append(all, p.latencies...)
		r.failed += p.failed
		if r.firstBad == "" {
			r.firstBad = p.bad
		}
	}
	if len(all) == 0 {
		return r, errors.New("no request was answered")
	}
	slices.Sort(all)
	r.requests = len(all)
	r.perSec = float64(len(all)) / took.Seconds()
	r.p50, r.p99 = all[len(all)/2], all[len(all)*99/100]
	return r, nil
}

func now() time.Time { return clock.System().Now() }

// readAnswer reads one answer that carries a Content-Length; body is reused.
func readAnswer(in *bufio.Reader, body []byte) (int, []byte, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, body, err
	}
	if len(line) < 12 {
		return 0, body, fmt.Errorf("status line %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, body, fmt.Errorf("status line %q", line)
	}
	length := -1
	for {
		line, err = in.ReadSlice('\n')
		if err != nil {
			return 0, body, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, body, err
			}
		}
	}
	if length < 0 {
		return 0, body, errors.New("an answer without Content-Length")
	}
	body = slices.Grow(body[:0], length)[:length]
	_, err = io.ReadFull(in, body)
	return status, body, err
}

const jsonType = "application/json"

// post writes a POST request.
func post(buf *bytes.Buffer, path, media string, body []byte) {
	buf.WriteString("POST ")
	buf.WriteString(path)
	buf.WriteString(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: ")
	buf.WriteString(media)
	buf.WriteString("\r\nContent-Length: ")
	buf.WriteString(strconv.Itoa(len(body)))
	buf.WriteString("\r\n\r\n")
	buf.Write(body)
}
