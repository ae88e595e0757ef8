// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

const (
	// BlockSize is the unit, in bytes, in which changes are found.
	BlockSize = 4 << 10
	// ChunkBlocks is how many blocks a chunk has.
	ChunkBlocks = 256
	// ChunkSize is the unit, in bytes, in which files are read, and the most that a frame holds.
	ChunkSize = ChunkBlocks * BlockSize
)

// Fingerprint tells a block from others. That of a block of nothing but zeros is the zero value.
type Fingerprint [16]byte

// Salt is what fingerprints of one chain of backups have in common.
type Salt [32]byte

// NewSalt takes one from a source of entropy.
func NewSalt(entropy io.Reader) (Salt, error) {
	var s Salt
	_, err := io.ReadFull(entropy, s[:])
	return s, err
}

// String keeps a salt out of what is printed.
func (Salt) String() string { return "salt" }

// Printer takes fingerprints. It is not for use by several at once.
type Printer struct {
	salt Salt
	hash hash.Hash
	sum  [sha256.Size]byte
}

// NewPrinter returns one for a chain of backups.
func NewPrinter(salt Salt) *Printer { return &Printer{salt: salt, hash: sha256.New()} }

var zeros [BlockSize]byte

// Blocks returns the fingerprints of the blocks of a chunk, of which the last may be short.
func (p *Printer) Blocks(chunk []byte) []Fingerprint {
	out := make([]Fingerprint, 0, Blocks(len(chunk)))
	for len(chunk) > 0 {
		n := min(BlockSize, len(chunk))
		out = append(out, p.block(chunk[:n]))
		chunk = chunk[n:]
	}
	return out
}

func (p *Printer) block(b []byte) Fingerprint {
	if bytes.Equal(b, zeros[:len(b)]) {
		return Fingerprint{}
	}
	return p.print(b)
}

func (p *Printer) print(b []byte) Fingerprint {
	p.hash.Reset()
	_, _ = p.hash.Write(p.salt[:]) // a hash takes everything
	_, _ = p.hash.Write(b)
	return Fingerprint(p.hash.Sum(p.sum[:0])[:len(Fingerprint{})])
}

// Digest is that of the blocks of a piece, in their order.
func (p *Printer) Digest(blocks []Fingerprint) Fingerprint {
	p.hash.Reset()
	_, _ = p.hash.Write(p.salt[:])
	for i := range blocks {
		_, _ = p.hash.Write(blocks[i][:])
	}
	return Fingerprint(p.hash.Sum(p.sum[:0])[:len(Fingerprint{})])
}

// Blocks is how many blocks so many bytes have.
func Blocks[T int | int64](size T) T { return (size + BlockSize - 1) / BlockSize }

// Chunks is how many chunks a file of so many bytes has.
func Chunks(size int64) int64 { return (size + ChunkSize - 1) / ChunkSize }

// ChunkLength is how many bytes a chunk of a file has.
func ChunkLength(size, chunk int64) int { return int(min(ChunkSize, size-chunk*ChunkSize)) }

// Piece is a run of blocks of a chunk that lie one after the other in a frame.
type Piece struct {
	_ struct{} `cbor:",toarray"`
	// Block is the number of its first block in the chunk, and Count how many there are.
	Block, Count uint16
	// Segment is the number of the segment in the record, and Frame that of the frame in the segment.
	Segment, Frame uint32
	// Offset is how many blocks of the frame lie before the piece.
	Offset uint16
	// Digest is that of the fingerprints of its blocks.
	Digest Fingerprint
}

// Chunk is one that has blocks that are not zero.
type Chunk struct {
	_ struct{} `cbor:",toarray"`
	// Index is its number in the file.
	Index int64
	// Pieces are in the order of their blocks, and do not overlap.
	Pieces []Piece
}

// validate asks whether the pieces fit into a chunk of so many bytes.
func (c Chunk) validate(length int) error {
	if len(c.Pieces) == 0 {
		return errors.New("a chunk without pieces is left out")
	}
	next := 0
	for _, p := range c.Pieces {
		if int(p.Block) < next || p.Count == 0 {
			return errors.New("its pieces overlap")
		}
		next = int(p.Block) + int(p.Count)
		if int(p.Offset)+int(p.Count) > ChunkBlocks {
			return errors.New("a piece reaches beyond what a frame holds")
		}
	}
	if next > Blocks(length) {
		return errors.New("its pieces reach beyond the file")
	}
	return nil
}

// Bytes is where in a chunk of so many bytes the blocks of the piece lie.
func (p Piece) Bytes(length int) (from, to int) {
	return int(p.Block) * BlockSize, min(length, (int(p.Block)+int(p.Count))*BlockSize)
}
