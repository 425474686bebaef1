package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// effort is what something takes: time, time of processors (the machine may have other things to do), memory of the
// process's own.
type effort struct {
	b     *bench
	began time.Time
	busy  time.Duration
	done  chan struct{}
	all   sync.WaitGroup
	peak  int64
}

func (b *bench) effort() *effort {
	e := &effort{b: b, began: b.wall.Now(), busy: processor(), done: make(chan struct{})}
	e.all.Go(func() {
		for {
			e.peak = max(e.peak, own())
			select {
			case <-e.done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return e
}

// end returns how long it took, and says what it took in words.
func (e *effort) end() (took time.Duration, words string) {
	took, busy := e.b.wall.Now().Sub(e.began), processor()-e.busy
	close(e.done)
	e.all.Wait()
	return took, fmt.Sprintf("%s (%s of processor, %d MB)", took.Round(10*time.Millisecond), busy.Round(10*time.Millisecond), e.peak>>20)
}

// processor is how long the process has kept processors busy.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// own is the memory that the process holds besides what it has mapped of files, where the system tells.
func own() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	var kb int64
	_, _ = fmt.Sscan(rest, &kb)
	return kb << 10
}
