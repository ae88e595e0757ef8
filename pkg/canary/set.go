// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// Set looks for many secrets at a time, in texts that are many too: how long that takes hardly depends on how many secrets
// there are. The zero value is empty. Not for several goroutines at a time.
type Set struct {
	secrets [][]byte
	// heads are how the forms of the secrets begin, with the places of those secrets.
	heads map[uint64][]int
	// filter has a bit for each head. Nearly all that is looked at is not among the heads, and is seen here not to be.
	filter []uint64
}

// headSize is how many bytes of a form are a head. No form of a piece is as short.
const headSize = 8

// filterBits is the logarithm of the number of bits in a filter: many more than there are heads, few enough to be at hand.
const filterBits = 23

// Found is a secret that shows.
type Found struct {
	// Secret is its place among those that were added.
	Secret int
	// Forms are those of Find.
	Forms []string
}

// Add takes in another secret. One that chance may bring about is refused.
func (s *Set) Add(secret []byte) error {
	if len(secret) < pieceSize {
		return fmt.Errorf("a secret of %d bytes cannot be told from chance, %d are needed", len(secret), pieceSize)
	}
	if s.heads == nil {
		s.heads, s.filter = map[uint64][]int{}, make([]uint64, 1<<filterBits/64)
	}
	place := len(s.secrets)
	s.secrets = append(s.secrets, slices.Clone(secret))
	for piece := range pieces(secret) {
		for _, forms := range formsOf(piece) {
			for _, form := range forms {
				s.addHead(binary.LittleEndian.Uint64(form), place)
			}
		}
	}
	return nil
}

func (s *Set) addHead(head uint64, place int) {
	if !slices.Contains(s.heads[head], place) {
		s.heads[head] = append(s.heads[head], place)
	}
	word, bit := inFilter(head)
	s.filter[word] |= bit
}

// inFilter is where the bit of a head lies.
func inFilter(head uint64) (word, bit uint64) {
	hash := head * 0x9e3779b97f4a7c15 >> (64 - filterBits)
	return hash / 64, 1 << (hash % 64)
}

// Find returns the secrets of which a part shows in text: those for which Find would return something.
func (s *Set) Find(text []byte) []Found {
	if s.heads == nil {
		return nil
	}
	suspects := map[int]bool{}
	for rest := text; len(rest) >= headSize; rest = rest[1:] {
		head := binary.LittleEndian.Uint64(rest)
		if word, bit := inFilter(head); s.filter[word]&bit != 0 {
			for _, place := range s.heads[head] {
				suspects[place] = true
			}
		}
	}
	var found []Found
	for _, place := range slices.Sorted(maps.Keys(suspects)) {
		if forms := Find(text, s.secrets[place]); len(forms) > 0 {
			found = append(found, Found{Secret: place, Forms: forms})
		}
	}
	return found
}
