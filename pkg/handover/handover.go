// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/peernode/operator/pkg/seal"
)

// Split divides an envelope into messages that the kubelet keeps whole, one for each container.
func Split(envelope seal.Envelope, parts int) ([]string, error) {
	if parts < 1 || parts > MaxParts {
		return nil, fmt.Errorf("an envelope is handed over in 1 to %d parts, not in %d", MaxParts, parts)
	}
	text := envelope.Text()
	packed, err := pack(text)
	if err != nil {
		return nil, fmt.Errorf("pack the envelope: %w", err)
	}
	letters := base64.RawStdEncoding.EncodeToString(packed)
	if len(letters) > parts*capacity {
		return nil, fmt.Errorf("the envelope for %d recipients does not fit into termination messages: it takes %d bytes, %d parts hold %d; name fewer recipients",
			len(envelope.Header().Recipients), len(letters), parts, parts*capacity)
	}
	share := (len(letters) + parts - 1) / parts
	var out []string
	for i := range parts {
		m := message{part: i + 1, of: parts, sum: sumOf(text), letters: letters[i*share : min((i+1)*share, len(letters))]}
		out = append(out, m.String())
	}
	return out, nil
}

// Join makes the envelope of its parts, in whatever order they come.
func Join(messages []string) (seal.Envelope, error) {
	parts, err := inOrder(messages)
	if err != nil {
		return seal.Envelope{}, err
	}
	var letters strings.Builder
	for _, m := range parts {
		letters.WriteString(m.letters)
	}
	packed, err := base64.RawStdEncoding.Strict().DecodeString(letters.String())
	if err != nil {
		return seal.Envelope{}, errors.New("the key that was handed over is damaged: its parts together are not base64")
	}
	text, err := unpack(packed)
	if err != nil {
		return seal.Envelope{}, fmt.Errorf("the key that was handed over is damaged: %w", err)
	}
	envelope, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return seal.Envelope{}, fmt.Errorf("what was handed over: %w", err)
	}
	if sumOf(envelope.Text()) != parts[0].sum {
		return seal.Envelope{}, errors.New("the key that was handed over is damaged: its checksum is not the one that the parts name")
	}
	return envelope, nil
}

// inOrder reads the messages and sees that they are the parts of one envelope.
func inOrder(messages []string) ([]message, error) {
	if len(messages) == 0 {
		return nil, errors.New("no key was handed over: there is no message")
	}
	var parts []message
	for i, text := range messages {
		m, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("message %d of %d: %w", i+1, len(messages), err)
		}
		if parts == nil {
			parts = make([]message, m.of)
		}
		if m.of != len(parts) {
			return nil, fmt.Errorf("message %d of %d: it is part %d of %d, another one is of %d parts", i+1, len(messages), m.part, m.of, len(parts))
		}
		if parts[m.part-1].part != 0 {
			return nil, fmt.Errorf("message %d of %d: part %d of %d is there twice", i+1, len(messages), m.part, m.of)
		}
		parts[m.part-1] = m
	}
	return parts, oneEnvelope(parts)
}

func oneEnvelope(parts []message) error {
	for i, m := range parts {
		if m.part == 0 {
			return fmt.Errorf("part %d of %d is missing", i+1, len(parts))
		}
		if m.sum != parts[0].sum {
			return fmt.Errorf("part %d of %d is of another envelope than part 1", m.part, m.of)
		}
	}
	return nil
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
