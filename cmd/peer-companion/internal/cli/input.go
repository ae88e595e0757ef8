// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/peernode/operator/cmd/peer-companion/internal/manifest"
	"github.com/peernode/operator/pkg/seal"
)

// stdin is the path that stands for the standard input.
const stdin = "-"

// readFile reads a file, or the standard input, with a function of pkg/seal.
func readFile[T any](path string, s Streams, read func(io.Reader) (T, error)) (T, error) {
	if path == stdin {
		return read(s.In)
	}
	f, err := os.Open(path)
	if err != nil {
		var none T
		return none, err
	}
	defer f.Close()
	return read(f)
}

// readEnvelope reads an envelope, also out of the Secret of a key as kubectl prints it.
func readEnvelope(path string, s Streams) (seal.Envelope, error) {
	text, err := readFile(path, s, manifest.ReadEnvelope)
	if err != nil {
		return seal.Envelope{}, fmt.Errorf("envelope %s: %w", path, err)
	}
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return e, fmt.Errorf("envelope %s: %w", path, err)
	}
	return e, nil
}

func readOpeners(path string, s Streams) ([]seal.Opener, error) {
	openers, err := readFile(path, s, seal.ParseOpeners)
	if err != nil {
		return nil, fmt.Errorf("recovery key %s: %w", path, err)
	}
	return openers, nil
}

// expect refuses an envelope of another key than the one that is known from elsewhere, by its peer ID or its digits.
// Without one anybody who knows a recipient could have made the envelope.
func expect(h seal.Header, key string) error {
	if key == "" || key == h.PeerID || key == h.PublicKey {
		return nil
	}
	return fmt.Errorf("the envelope holds the key of peer ID %s, public key %s; expected is %s. Do not use it, somebody has exchanged the envelope or the expectation",
		h.PeerID, h.PublicKey, key)
}
