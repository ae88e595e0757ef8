// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	strictjson "sigs.k8s.io/json"
)

// MaxSize is the most that Read takes. An envelope with MaxRecipients has less than 50 KiB.
const MaxSize = 64 << 10

// Envelope is a sealed key. The zero value holds nothing; Seal and Read make one.
type Envelope struct {
	header Header
	// files are the age files by family.
	files map[Family][]byte
}

// document is the text of an envelope.
type document struct {
	Header
	Sealed sealed `json:"sealed"`
}

// sealed are the age files in base64.
type sealed struct {
	Hybrid string `json:"hybrid,omitempty"`
	X25519 string `json:"x25519,omitempty"`
}

func (s sealed) of(f Family) string {
	if f == Hybrid {
		return s.Hybrid
	}
	return s.X25519
}

// Header is what everybody may read.
func (e Envelope) Header() Header {
	h := e.header
	h.Recipients = append([]RecipientInfo(nil), h.Recipients...)
	return h
}

// Text is the envelope in writing: indented JSON that ends with a newline, the same for the same envelope.
func (e Envelope) Text() []byte {
	doc := document{Header: e.header, Sealed: sealed{
		Hybrid: base64.StdEncoding.EncodeToString(e.files[Hybrid]),
		X25519: base64.StdEncoding.EncodeToString(e.files[X25519]),
	}}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // strings and numbers only
	}
	return append(text, '\n')
}

// Read reads an envelope and checks everything that can be checked without opening it. White space and the order of
// fields do not matter; unknown and repeated fields are refused.
func Read(r io.Reader) (Envelope, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return Envelope{}, fmt.Errorf("read the envelope: %w", err)
	}
	if len(text) > MaxSize {
		return Envelope{}, fmt.Errorf("the envelope is larger than %d bytes, so it is none", MaxSize)
	}
	if err := checkVersion(text); err != nil {
		return Envelope{}, err
	}
	var doc document
	if err := decodeStrictly(text, &doc); err != nil {
		return Envelope{}, fmt.Errorf("the envelope is damaged: %w", err)
	}
	if err := doc.validate(); err != nil {
		return Envelope{}, fmt.Errorf("the envelope is damaged: %w", err)
	}
	return doc.envelope()
}

// checkVersion comes before anything else is looked at: a later version may have other fields. It repeats nothing of
// what it reads, which may be a key that somebody took for an envelope.
func checkVersion(text []byte) error {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Format != Format {
		return fmt.Errorf("this is no envelope: it is not JSON of the format %s, or is cut off", Format)
	}
	if head.Version != Version {
		return fmt.Errorf("the envelope is of version %d, this program knows version %d; use the one that made it, or a later one", head.Version, Version)
	}
	return nil
}

// decodeStrictly refuses what encoding/json lets pass: fields that are unknown, repeated, or written in other letters.
func decodeStrictly(text []byte, into any) error {
	unwanted, err := strictjson.UnmarshalStrict(text, into)
	return errors.Join(append(unwanted, err)...)
}

func (d document) validate() error {
	if err := d.Header.validate(); err != nil {
		return err
	}
	for _, f := range families {
		if has := d.Sealed.of(f) != ""; has != d.has(f) {
			return fmt.Errorf("sealed.%s: it is there: %t; there are recipients for it: %t", f, has, d.has(f))
		}
	}
	return nil
}

// ageIntro is how every file of age begins that is not armored (https://age-encryption.org/v1).
const ageIntro = "age-encryption.org/v1\n"

func (d document) envelope() (Envelope, error) {
	e := Envelope{header: d.Header, files: map[Family][]byte{}}
	for _, f := range families {
		text := d.Sealed.of(f)
		file, err := base64.StdEncoding.DecodeString(text)
		// The decoder takes line breaks and stray bits at the end; written again they would be gone.
		if err != nil || base64.StdEncoding.EncodeToString(file) != text {
			return Envelope{}, fmt.Errorf("the envelope is damaged: sealed.%s is not one word of base64", f)
		}
		if len(file) == 0 {
			continue
		}
		if !bytes.HasPrefix(file, []byte(ageIntro)) {
			return Envelope{}, fmt.Errorf("the envelope is damaged: sealed.%s is no file of age, so it may be a key that nobody sealed", f)
		}
		e.files[f] = bytes.Clone(file)
	}
	return e, nil
}
