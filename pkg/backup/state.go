// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// FormatState is the name of this form of states.
const FormatState = "peernode.dev/backup-state/v1"

// Basis is the backup from which an incremental one goes on.
type Basis struct {
	_ struct{} `cbor:",toarray"`
	// Format is FormatState.
	Format string
	// Namespace and PeerNode are whose it is.
	Namespace, PeerNode string
	// Sequence and SHA256 are those of its record.
	Sequence int64
	SHA256   Digest
	// Salt is that of the chain.
	Salt Salt
}

// known is what a state says of a chunk of a file. The path stands at the first chunk of a file alone.
type known struct {
	_      struct{} `cbor:",toarray"`
	Path   []byte
	Index  int64
	Pieces []Piece
	Prints []byte
}

// trailer is the length of the basis, and the HMAC of everything before that: a state lies with the data of the peer, which
// may write another. Only one that was written with the signing key of its records is gone on from.
const trailer = 4 + sha256.Size

// StateKey is the key by which a writer knows its own states.
type StateKey []byte

// String keeps the key out of what is printed.
func (StateKey) String() string { return "key of states" }

// GoString does, too.
func (k StateKey) GoString() string { return k.String() }

// StateWriter writes what the next backup needs to know. Its last word is the record that was written, so a state that
// has none is of a backup that came to nothing.
type StateWriter struct {
	w       io.Writer
	sum     hash.Hash
	encoder *cbor.Encoder
	path    []byte
}

// NewStateWriter begins a state.
func NewStateWriter(w io.Writer, key StateKey) *StateWriter {
	sum := hmac.New(sha256.New, key)
	both := io.MultiWriter(w, sum)
	return &StateWriter{w: both, sum: sum, encoder: cbor.NewEncoder(both)}
}

// File begins a file. Files come in the order of the walk.
func (s *StateWriter) File(path []byte) { s.path = path }

// Chunk adds what is known of one of the file's.
func (s *StateWriter) Chunk(index int64, k Known) error {
	prints := make([]byte, 0, len(k.Blocks)*len(Fingerprint{}))
	for i := range k.Blocks {
		prints = append(prints, k.Blocks[i][:]...)
	}
	err := s.encoder.Encode(known{Path: s.path, Index: index, Pieces: k.Pieces, Prints: prints})
	s.path = nil
	return err
}

// Close ends the state.
func (s *StateWriter) Close(b Basis) error {
	b.Format = FormatState
	text, err := cbor.Marshal(b)
	if err != nil {
		return fmt.Errorf("write the state's basis: %w", err)
	}
	if _, err := s.w.Write(binary.BigEndian.AppendUint32(text, uint32(len(text)))); err != nil { //nolint:gosec // a basis is short
		return err
	}
	_, err = s.w.Write(s.sum.Sum(nil))
	return err
}

// StateReader reads a state in the order in which the files are walked.
type StateReader struct {
	decoder *cbor.Decoder
	path    string
	next    *known
}

// OpenState reads a state of so many bytes, and refuses one that is not as it was written with the key.
func OpenState(r io.ReaderAt, size int64, key StateKey) (Basis, *StateReader, error) {
	var b Basis
	if size < trailer {
		return b, nil, errors.New("the state is cut off")
	}
	end := make([]byte, trailer)
	if _, err := r.ReadAt(end, size-trailer); err != nil {
		return b, nil, fmt.Errorf("read the state: %w", err)
	}
	sum := hmac.New(sha256.New, key)
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, size-sha256.Size)); err != nil {
		return b, nil, fmt.Errorf("read the state: %w", err)
	}
	length := int64(binary.BigEndian.Uint32(end))
	if !hmac.Equal(sum.Sum(nil), end[4:]) || length > size-trailer {
		return b, nil, errors.New("the state is damaged, or was not written with this signing key")
	}
	body := size - trailer - length
	if err := strict.NewDecoder(io.NewSectionReader(r, body, length)).Decode(&b); err != nil || b.Format != FormatState {
		return b, nil, errors.New("the state is of another version")
	}
	return b, &StateReader{decoder: strict.NewDecoder(io.NewSectionReader(r, 0, body))}, nil
}

// Chunk returns what is known of a chunk, nothing where nothing is. Chunks are asked for in the order of the walk.
func (s *StateReader) Chunk(path string, index int64) (Known, error) {
	for {
		if s.next == nil {
			if err := s.read(); errors.Is(err, io.EOF) {
				return Known{}, nil
			} else if err != nil {
				return Known{}, err
			}
		}
		switch at := Compare(s.path, path); {
		case at > 0 || at == 0 && s.next.Index > index:
			return Known{}, nil
		case at == 0 && s.next.Index == index:
			k := s.next.known()
			s.next = nil
			return k, nil
		}
		s.next = nil
	}
}

func (s *StateReader) read() error {
	var k known
	if err := s.decoder.Decode(&k); err != nil {
		return err
	}
	if len(k.Path) > 0 {
		s.path = string(k.Path)
	}
	s.next = &k
	return nil
}

func (k known) known() Known {
	out := Known{Pieces: k.Pieces, Blocks: make([]Fingerprint, len(k.Prints)/len(Fingerprint{}))}
	for i := range out.Blocks {
		copy(out.Blocks[i][:], k.Prints[i*len(Fingerprint{}):])
	}
	return out
}
