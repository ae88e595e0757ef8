// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Family is a kind of recipient. Those of one family share an age file.
type Family string

const (
	// Hybrid recipients, age1pq1..., withstand quantum computers as far as anybody knows.
	Hybrid Family = "hybrid"
	// X25519 recipients, age1..., do not, but every version of age knows them.
	X25519 Family = "x25519"
)

// families in the order in which they are tried.
var families = []Family{Hybrid, X25519}

// Recipient is somebody who will be able to open an envelope, by a public key of age.
type Recipient struct {
	family Family
	text   string
	age    age.Recipient
}

// ParseRecipient reads a public key. An error repeats no part of it: it may be a private key, given by mistake.
func ParseRecipient(text string) (Recipient, error) {
	switch {
	case strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-"):
		return Recipient{}, errors.New("this is a private key of age; a recipient is the public one, which begins with age1pq1 or age1")
	case strings.HasPrefix(text, "age1pq1"):
		r, err := age.ParseHybridRecipient(text)
		if err != nil {
			return Recipient{}, errors.New("this begins as a hybrid recipient of age, age1pq1..., but is damaged or cut off")
		}
		return Recipient{family: Hybrid, text: r.String(), age: r}, nil
	case strings.HasPrefix(text, "age1"):
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return Recipient{}, errors.New("this begins as a recipient of age, age1..., but is damaged, cut off, or one of a plugin, which are not supported")
		}
		return Recipient{family: X25519, text: r.String(), age: r}, nil
	default:
		return Recipient{}, errors.New("this is no recipient of age, which begins with age1pq1 or age1")
	}
}

// ParseRecipients reads recipients, one on a line; empty lines and those that begin with # are left out.
func ParseRecipients(r io.Reader) ([]Recipient, error) {
	return parseLines(r, ParseRecipient)
}

// Family is that of the recipient.
func (r Recipient) Family() Family { return r.family }

// String is the public key.
func (r Recipient) String() string { return r.text }

// Info is what a header says of the recipient.
func (r Recipient) Info() RecipientInfo {
	sum := sha256.Sum256([]byte(r.text))
	return RecipientInfo{Family: r.family, Fingerprint: fingerprintPrefix + hex.EncodeToString(sum[:])}
}

const fingerprintPrefix = "sha256:"

// RecipientInfo names a recipient in the header of an envelope. A hybrid public key has two thousand letters, so it
// is not repeated there.
type RecipientInfo struct {
	Family Family `json:"family"`
	// Fingerprint is "sha256:" and the digits of the SHA-256 of the public key's text.
	Fingerprint string `json:"fingerprint"`
}

// String is for people.
func (i RecipientInfo) String() string { return string(i.Family) + " " + i.Fingerprint }

func (i RecipientInfo) validate() error {
	digits, ok := strings.CutPrefix(i.Fingerprint, fingerprintPrefix)
	if raw, err := hex.DecodeString(digits); !ok || err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != digits {
		return errors.New("fingerprint is not sha256: and 64 lower-case hexadecimal digits")
	}
	if i.Family != Hybrid && i.Family != X25519 {
		return fmt.Errorf("family %q is not known: it is %s or %s", i.Family, Hybrid, X25519)
	}
	return nil
}

// maxLines is far more than any file of recipients or private keys has.
const maxLines = 1000

// parseLines reads one thing per line. Its errors tell the line by its number only.
func parseLines[T any](r io.Reader, parse func(string) (T, error)) ([]T, error) {
	var out []T
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if n > maxLines {
			return nil, fmt.Errorf("there are more than %d lines", maxLines)
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parsed, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, parsed)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read lines: %w", err)
	}
	if len(out) == 0 {
		return nil, errors.New("there is none in it")
	}
	return out, nil
}
