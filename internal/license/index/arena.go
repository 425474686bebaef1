package index

import "unsafe"

// arena keeps texts in large blocks, so that they are not objects of their own to the garbage collector. What it
// gives out is never written again: a text that is dropped is only counted, and goes when the arena is rebuilt.
type arena struct {
	blocks       [][]byte
	size, unused int
}

// textRef is where a text lies. The zero value is the empty text.
type textRef struct {
	block, offset, length uint16
}

// blockSize is small because every shard has a block that is not full.
const blockSize = 16 << 10

func (a *arena) add(text string) textRef {
	if text == "" {
		return textRef{}
	}
	last := len(a.blocks) - 1
	if last < 0 || len(a.blocks[last])+len(text) > blockSize {
		a.blocks = append(a.blocks, make([]byte, 0, blockSize))
		last++
	}
	b := a.blocks[last]
	a.blocks[last] = append(b, text...)
	a.size += len(text)
	return textRef{block: uint16(last), offset: uint16(len(b)), length: uint16(len(text))}
}

// get returns a text without copying it.
func (a *arena) get(r textRef) string {
	if r.length == 0 {
		return ""
	}
	// The bytes below a block's length are never written again, as a string requires.
	return unsafe.String(&a.blocks[r.block][r.offset], int(r.length)) //nolint:gosec // see above
}

func (a *arena) drop(r textRef) { a.unused += int(r.length) }

// wasteful reports whether rebuilding is worth it.
func (a *arena) wasteful() bool { return a.unused > blockSize && a.unused > a.size/2 }
