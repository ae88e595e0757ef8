// SPDX-License-Identifier: Apache-2.0

package backup

import "slices"

// Known is what the last backup knows of a chunk.
type Known struct {
	// Pieces are where its blocks lie.
	Pieces []Piece
	// Blocks are their fingerprints.
	Blocks []Fingerprint
}

// Changes says what is to be stored of a chunk: runs of blocks, of which a frame is made, and where the others lie
// already. Without a known chunk all blocks are stored that are not zero.
func (p *Printer) Changes(known Known, now []Fingerprint) (store, keep []Piece) {
	kept := make([]bool, len(now))
	for _, piece := range known.Pieces {
		keep = append(keep, p.unchanged(piece, known.Blocks, now, kept)...)
	}
	return p.runs(now, kept), keep
}

// unchanged splits a piece into what has stayed as it was.
func (p *Printer) unchanged(piece Piece, was, now []Fingerprint, kept []bool) []Piece {
	var out []Piece
	end := min(int(piece.Block)+int(piece.Count), len(was), len(now))
	for at := int(piece.Block); at < end; {
		from := at
		for at < end && was[at] == now[at] {
			kept[at] = true
			at++
		}
		if at > from {
			out = append(out, Piece{
				Block: small(from), Count: small(at - from), Segment: piece.Segment, Frame: piece.Frame,
				Offset: piece.Offset + small(from) - piece.Block, Digest: p.Digest(now[from:at]),
			})
		}
		for at < end && was[at] != now[at] {
			at++
		}
	}
	return out
}

// runs are the blocks that are neither zero nor kept, as they will lie in a frame.
func (p *Printer) runs(now []Fingerprint, kept []bool) []Piece {
	var out []Piece
	stored := 0
	for at := 0; at < len(now); {
		from := at
		for at < len(now) && !kept[at] && now[at] != (Fingerprint{}) {
			at++
		}
		if at == from {
			at++
			continue
		}
		out = append(out, Piece{Block: small(from), Count: small(at - from), Offset: small(stored), Digest: p.Digest(now[from:at])})
		stored += at - from
	}
	return out
}

// small is a number of blocks of a chunk, which has ChunkBlocks at most.
func small(n int) uint16 { return uint16(n) } //nolint:gosec // as said

// SortPieces puts the pieces of a chunk in the order of their blocks.
func SortPieces(pieces []Piece) {
	slices.SortFunc(pieces, func(a, b Piece) int { return int(a.Block) - int(b.Block) })
}
