// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// PartSize is how long, in bytes, the parts are in which an object is uploaded, but for the last one.
const PartSize = 8 << 20

// Digest is that of an object: the SHA-256 of the SHA-256 of its parts. S3 keeps the same of an object that was uploaded
// in these parts, and calls it a composite checksum.
type Digest [sha256.Size]byte

// String writes it in hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText does as well.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 64 lower-case digits.
func (d *Digest) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(d) || hex.EncodeToString(raw) != string(text) {
		return errors.New("a digest is 64 lower-case hexadecimal digits")
	}
	copy(d[:], raw)
	return nil
}

// Digester takes the digest of an object from those of its parts, in their order.
type Digester struct{ hash hash.Hash }

// NewDigester returns one.
func NewDigester() Digester { return Digester{sha256.New()} }

// Part adds the next one.
func (d Digester) Part(sum [sha256.Size]byte) { _, _ = d.hash.Write(sum[:]) }

// Sum is the digest of the parts so far.
func (d Digester) Sum() Digest { return Digest(d.hash.Sum(nil)) }

// Object is what a record says of an object.
type Object struct {
	// Name is the last part of its name in the bucket.
	Name string `json:"name"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// Digest shows whether it is the same still.
	Digest Digest `json:"digest"`
	// Version is which of the bucket's versions of the name it is, where the bucket keeps versions. What somebody else
	// writes under the name later hides nothing then.
	Version string `json:"version,omitempty"`
}

// maxVersion is how long, in bytes, S3 lets the name of a version be.
const maxVersion = 1024

func (o Object) validate() error {
	if !objectName.MatchString(o.Name) {
		return fmt.Errorf("object name %q is not one that is given", o.Name)
	}
	if o.Size <= 0 {
		return fmt.Errorf("object %s has no size", o.Name)
	}
	if len(o.Version) > maxVersion {
		return fmt.Errorf("object %s has a version that no store gives", o.Name)
	}
	return nil
}

// Parts is how many it was uploaded in.
func (o Object) Parts() int64 { return (o.Size + PartSize - 1) / PartSize }
