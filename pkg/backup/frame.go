// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Encoding is how the blocks of a frame are written.
type Encoding byte

// The encodings. Their numbers are part of the form.
const (
	Raw  Encoding = 0
	Zstd Encoding = 1
	// last is not one: it ends a segment.
	last Encoding = 255
)

// Frame is a run of blocks, as it lies in a segment.
type Frame struct {
	Encoding Encoding
	// Length is how many bytes it stands for.
	Length int
	// Data are the bytes that are written.
	Data []byte
}

// Compression is what to spend on making frames smaller.
type Compression string

// The compressions.
const (
	// CompressFastest is that of zstd's lowest level.
	CompressFastest Compression = "Fastest"
	// CompressDefault takes about twice the time.
	CompressDefault Compression = "Default"
	// CompressNone writes everything raw.
	CompressNone Compression = "None"
)

// Packer makes frames. It is not for use by several at once.
type Packer struct{ zstd *zstd.Encoder }

// NewPacker returns one.
func NewPacker(c Compression) (*Packer, error) {
	levels := map[Compression]zstd.EncoderLevel{CompressFastest: zstd.SpeedFastest, CompressDefault: zstd.SpeedDefault}
	level, ok := levels[c]
	if !ok && c != CompressNone {
		return nil, fmt.Errorf("compression %q is not known: it is %s, %s or %s", c, CompressFastest, CompressDefault, CompressNone)
	}
	if !ok {
		return &Packer{}, nil
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(ChunkSize), zstd.WithEncoderCRC(false))
	return &Packer{encoder}, err
}

// Pack makes a frame. It writes into space, if that is large enough, and keeps plain where it leaves that raw.
func (p *Packer) Pack(plain, space []byte) Frame {
	raw := Frame{Encoding: Raw, Length: len(plain), Data: plain}
	if p.zstd == nil || !p.worthIt(plain, space) {
		return raw
	}
	packed := p.zstd.EncodeAll(plain, space[:0])
	if len(packed) >= len(plain) {
		return raw
	}
	return Frame{Encoding: Zstd, Length: len(plain), Data: packed}
}

const (
	sampleSize = 16 << 10
	// A twelfth saved is not worth compressing the rest: encryption and the way to the store are faster than that.
	worthwhile = 11.0 / 12
)

// worthIt compresses samples of what is large.
func (p *Packer) worthIt(plain, space []byte) bool {
	if len(plain) < 8*sampleSize {
		return true
	}
	packed := 0
	for _, at := range []int{0, len(plain)/2 - sampleSize/2, len(plain) - sampleSize} {
		packed += len(p.zstd.EncodeAll(plain[at:at+sampleSize], space[:0]))
	}
	return float64(packed) < worthwhile*3*sampleSize
}

// Unpacker reads frames. It is not for use by several at once.
type Unpacker struct{ zstd *zstd.Decoder }

// NewUnpacker returns one.
func NewUnpacker() (*Unpacker, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(ChunkSize), zstd.WithDecoderMaxWindow(ChunkSize))
	return &Unpacker{decoder}, err
}

// Unpack returns what a frame stands for. It writes into space, if that is large enough.
func (u *Unpacker) Unpack(f Frame, space []byte) ([]byte, error) {
	plain := f.Data
	if f.Encoding == Zstd {
		var err error
		if plain, err = u.zstd.DecodeAll(f.Data, space[:0]); err != nil {
			return nil, fmt.Errorf("a frame does not decompress: %w", err)
		}
	}
	if len(plain) != f.Length {
		return nil, errors.New("a frame is not as long as it says")
	}
	return plain, nil
}
