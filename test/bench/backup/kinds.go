// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// blockSize is the unit in which data are made and changed. It is that of the blocks of our backups, and of pages.
const blockSize = 4 << 10

// kind is a sort of data.
type kind struct {
	name string
	// made says how, for readers of the report.
	made string
	// fill makes a block of random numbers.
	fill func(block []byte, random *rand.ChaCha8)
}

// kinds are all there are.
func kinds() []kind {
	return []kind{
		{"random", "random bytes, in which there is nothing to compress", fillRandom},
		{"text", "lines of JSON with a counter, an account, a number, a hash in hexadecimal digits and some of a few words, as in logs", fillText},
		{"etch", "after the manner of a database of hashes: in each block of 4 KiB an index, of which one slot in eight is used, and behind it cells of a tag, random hashes and a small number", fillEtch},
	}
}

func fillRandom(block []byte, random *rand.ChaCha8) { _, _ = random.Read(block) }

// words are what lines of text are about.
var words = []string{"accepted", "proposed", "published", "rejected", "belief", "merge", "consensus", "transfer", "deploy", "invoke", "balance", "latest"}

func fillText(block []byte, random *rand.ChaCha8) {
	var hash [16]byte
	var line []byte
	for at := random.Uint64() >> 24; len(block) > 0; block = block[copy(block, line):] {
		r := random.Uint64()
		at += r >> 52
		_, _ = random.Read(hash[:])
		line = strconv.AppendUint(append(line[:0], `{"time":`...), at, 10)
		line = strconv.AppendUint(append(line, `,"account":"#`...), r&0xffff, 10)
		line = strconv.AppendUint(append(line, `","value":`...), r>>20, 10)
		line = hex.AppendEncode(append(line, `,"hash":"`...), hash[:])
		for range r >> 16 & 3 {
			line = append(append(line, `","did":"`...), words[random.Uint64()%uint64(len(words))]...)
		}
		line = append(line, "\"}\n"...)
	}
}

const (
	slotSize = 8
	// slots take a sixth of a block, and cells the rest.
	slots    = blockSize / 6 / slotSize
	cellSize = 1 + 32 + 4
)

func fillEtch(block []byte, random *rand.ChaCha8) {
	clear(block)
	for at := 0; at+slotSize <= min(len(block), slots*slotSize); at += slotSize {
		if r := random.Uint64(); r&7 == 0 {
			binary.BigEndian.PutUint64(block[at:], 1<<62|r>>28)
		}
	}
	for at := slots * slotSize; at < len(block); at += cellSize {
		var cell [cellSize]byte
		cell[0] = 0x20
		_, _ = random.Read(cell[1 : 1+32])
		cell[cellSize-1] = byte(random.Uint64() % 100)
		copy(block[at:], cell[:])
	}
}

// kindsNamed are those with these names.
func kindsNamed(names []string) (out []kind, err error) {
	for _, name := range names {
		found := false
		for _, k := range kinds() {
			if k.name == name {
				out, found = append(out, k), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there are no data named %q", name)
		}
	}
	return out, nil
}
