// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// Item is one of a manifest: exactly one of its fields is set.
type Item struct {
	_ struct{} `cbor:",toarray"`
	// Start is the first one.
	Start *Start
	// Entry is a file, a folder or the like.
	Entry *Entry
	// Chunk is one of the file that the last entry was.
	Chunk *Chunk
	// End is the last one.
	End *Totals
}

// Start is what a manifest begins with.
type Start struct {
	_ struct{} `cbor:",toarray"`
	// Salt is that of all fingerprints of the chain.
	Salt Salt
}

// Totals are the sums of a tree.
type Totals struct {
	_ struct{} `cbor:",toarray"`
	// Files, Folders and Links are how many entries there are, Links those that are neither files nor folders.
	Files, Folders, Links int64
	// Bytes is how long the files are together, and Stored how many of them are not zero.
	Bytes, Stored int64
}

// ManifestWriter writes a manifest.
type ManifestWriter struct {
	encoder *cbor.Encoder
	totals  Totals
	tree    tree
}

// NewManifestWriter begins a manifest.
func NewManifestWriter(w io.Writer, salt Salt) (*ManifestWriter, error) {
	m := &ManifestWriter{encoder: cbor.NewEncoder(w)}
	return m, m.encoder.Encode(Item{Start: &Start{Salt: salt}})
}

// Entry adds one.
func (m *ManifestWriter) Entry(e Entry) error {
	if err := m.tree.enter(e); err != nil {
		return err
	}
	m.totals.count(e)
	return m.encoder.Encode(Item{Entry: &e})
}

// Chunk adds one to the file that was the last entry.
func (m *ManifestWriter) Chunk(c Chunk) error {
	if err := m.tree.chunk(c); err != nil {
		return err
	}
	m.totals.Stored += stored(m.tree.file, c)
	return m.encoder.Encode(Item{Chunk: &c})
}

// Close ends the manifest.
func (m *ManifestWriter) Close() (Totals, error) {
	return m.totals, m.encoder.Encode(Item{End: &m.totals})
}

// ManifestReader reads a manifest, and refuses one that describes no tree.
type ManifestReader struct {
	decoder *cbor.Decoder
	totals  Totals
	tree    tree
	salt    Salt
}

// NewManifestReader begins to read a manifest.
func NewManifestReader(r io.Reader) (*ManifestReader, error) {
	m := &ManifestReader{decoder: strict.NewDecoder(r)}
	var first Item
	if err := m.decoder.Decode(&first); err != nil {
		return nil, fmt.Errorf("read the beginning of the manifest: %w", unexpected(err))
	}
	if first.Start == nil || first.fields() != 1 {
		return nil, errors.New("the manifest does not begin as one")
	}
	m.salt = first.Start.Salt
	return m, nil
}

// Salt is that of all fingerprints in it.
func (m *ManifestReader) Salt() Salt { return m.salt }

// Totals are the sums of what was read.
func (m *ManifestReader) Totals() Totals { return m.totals }

// Next returns the next entry or chunk, and io.EOF after the last one of a manifest that is whole.
func (m *ManifestReader) Next() (Item, error) {
	var item Item
	if err := m.decoder.Decode(&item); err != nil {
		return item, fmt.Errorf("read the manifest: %w", unexpected(err))
	}
	switch {
	case item.fields() != 1 || item.Start != nil:
		return item, errors.New("the manifest has an item that is none")
	case item.Entry != nil:
		m.totals.count(*item.Entry)
		return item, m.tree.enter(*item.Entry)
	case item.Chunk != nil:
		if err := m.tree.chunk(*item.Chunk); err != nil {
			return item, err
		}
		m.totals.Stored += stored(m.tree.file, *item.Chunk)
		return item, nil
	}
	return item, m.end(*item.End)
}

func (m *ManifestReader) end(says Totals) error {
	if !m.tree.begun {
		return errors.New("the manifest describes no tree")
	}
	if says != m.totals {
		return errors.New("the manifest has other entries than it says")
	}
	var more Item
	if err := m.decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return errors.New("something follows after the end of the manifest")
	}
	return io.EOF
}

// fields is how many are set.
func (i Item) fields() int {
	n := 0
	for _, set := range []bool{i.Start != nil, i.Entry != nil, i.Chunk != nil, i.End != nil} {
		if set {
			n++
		}
	}
	return n
}

func (t *Totals) count(e Entry) {
	switch e.Kind {
	case KindFile:
		t.Files++
		t.Bytes += e.Size
	case KindFolder:
		t.Folders++
	default:
		t.Links++
	}
}

// stored is how many bytes of the file the pieces of a chunk cover.
func stored(file Entry, c Chunk) int64 {
	var sum int64
	length := ChunkLength(file.Size, c.Index)
	for _, p := range c.Pieces {
		from, to := p.Bytes(length)
		sum += int64(to - from)
	}
	return sum
}
