// SPDX-License-Identifier: Apache-2.0

// Package canary looks for a secret in what a test has collected: output, logs, errors, dumps of a store. It is for
// tests only. A search that finds nothing is worth as much as the forms that it knows, so they are many.
package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// pieceSize is the smallest part of a secret that is looked for. By chance it turns up nowhere.
const pieceSize = 12

// Find returns the names of the forms in which a part of secret shows in text, sorted; none where it does not.
func Find(text, secret []byte) []string {
	found := map[string]bool{}
	for piece := range pieces(secret) {
		for name, forms := range formsOf(piece) {
			for _, form := range forms {
				if bytes.Contains(text, form) {
					found[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// pieces are the parts of a secret that are looked for. The last one reaches back into the one before it.
func pieces(secret []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for piece := range slices.Chunk(secret, pieceSize) {
			if len(piece) < pieceSize {
				piece = secret[max(0, len(secret)-pieceSize):]
			}
			if !yield(piece) {
				return
			}
		}
	}
}

// formsOf is how a piece of a secret may be written.
func formsOf(piece []byte) map[string][][]byte {
	digits := hex.EncodeToString(piece)
	forms := map[string][]string{
		"raw":      {string(piece)},
		"hex":      {digits, strings.ToUpper(digits), each(piece, "%02x", ":"), each(piece, "%02X", ":"), each(piece, "%02x", " ")},
		"base64":   base64Forms(piece),
		"decimals": {each(piece, "%d", " "), each(piece, "%d", ","), each(piece, "%d", ", ")},
		"Go":       {each(piece, "%#x", ", "), strings.Trim(strconv.Quote(string(piece)), `"`)},
		"JSON":     {jsonText(piece)},
	}
	out := map[string][][]byte{}
	for name, texts := range forms {
		for _, text := range texts {
			out[name] = append(out[name], []byte(text))
			if name == "raw" || name == "hex" || name == "base64" {
				out["UTF-16"] = append(out["UTF-16"], wide(text, binary.LittleEndian), wide(text, binary.BigEndian))
			}
		}
	}
	return out
}

func each(piece []byte, format, separator string) string {
	var out []string
	for _, b := range piece {
		out = append(out, fmt.Sprintf(format, b))
	}
	return strings.Join(out, separator)
}

// base64Forms are what the piece becomes when it is encoded together with what stands before and after it: there are
// three ways in which it can lie on the groups of three bytes. Letters that its neighbours have a part in are left out.
func base64Forms(piece []byte) []string {
	var out []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			letters := encoding.EncodeToString(append(make([]byte, before), piece...))
			first := (before*8 + 5) / 6
			last := (before + len(piece)) * 8 / 6
			out = append(out, letters[first:last])
		}
	}
	return out
}

func jsonText(piece []byte) string {
	text, err := json.Marshal(string(piece))
	if err != nil {
		panic(err) // a string
	}
	return strings.Trim(string(text), `"`)
}

// wide is the text in UTF-16, each byte of it a letter.
func wide(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, b := range []byte(text) {
		for _, unit := range utf16.Encode([]rune{rune(b)}) {
			out = order.AppendUint16(out, unit)
		}
	}
	return out
}
