// SPDX-License-Identifier: Apache-2.0

package keybackup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/peernode/operator/pkg/seal"
)

// MaxPrefix leaves what a name has besides its prefix enough of the 1024 bytes that S3 takes.
const MaxPrefix = 256

// digitsInName of the checksum tell envelopes of one key apart.
const digitsInName = 16

// Object is the name of the object that holds a copy of the envelope's text.
func Object(prefix string, e seal.Envelope) string {
	h := e.Header()
	return Name(prefix, h.Binding, h.PeerID, Sum(e))
}

// Name is the name for an envelope of which no more than this is known: place, peer ID, and SHA-256 of its text, all
// 64 digits. With what was ordered it shows whether a receipt is for that.
func Name(prefix string, b seal.Binding, peerID, sum string) string {
	return Stem(prefix, b, peerID) + sum[:digitsInName] + ".json"
}

// Stem is how the names of all copies of one key begin, whoever can open them.
func Stem(prefix string, b seal.Binding, peerID string) string {
	stem := fmt.Sprintf("keys/%s/%s/%d-%s-", b.Namespace, b.PeerNode, b.Epoch, peerID)
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		stem = prefix + "/" + stem
	}
	return stem
}

// Sum is the SHA-256 of the envelope's text in hexadecimal digits.
func Sum(e seal.Envelope) string {
	sum := sha256.Sum256(e.Text())
	return hex.EncodeToString(sum[:])
}

// plain are the characters that S3 calls safe. Stores and tools agree on these alone.
var plain = regexp.MustCompile(`^[A-Za-z0-9!_.*'()/-]*$`)

// CheckPrefix says why a prefix cannot begin the name of an object. The empty one can.
func CheckPrefix(prefix string) error {
	if len(prefix) > MaxPrefix {
		return fmt.Errorf("the prefix has %d bytes, at most %d are allowed", len(prefix), MaxPrefix)
	}
	if !plain.MatchString(prefix) {
		return fmt.Errorf("the prefix %q has other characters than letters, digits and !_.*'()/-, on which not all stores agree", prefix)
	}
	inner := strings.Trim(prefix, "/")
	if inner == "" && prefix != "" {
		return fmt.Errorf("the prefix %q has nothing but slashes; leave it out", prefix)
	}
	return checkSteps(inner)
}

// checkSteps refuses what a store that keeps files would take for another folder.
func checkSteps(path string) error {
	for step := range strings.SplitSeq(path, "/") {
		if path != "" && (step == "" || step == "." || step == "..") {
			return fmt.Errorf("%q has a step %q, which is not the same to all stores", path, step)
		}
	}
	return nil
}
