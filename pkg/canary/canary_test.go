// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/peernode/operator/pkg/canary"
)

// secret is 32 bytes of every sort: printable, control, above ASCII, and such that base64 needs both of its odd letters.
var secret = append([]byte{0xfb, 0xef, 0xbe, 0x00, 0x0a, 0x22, 0x5c, 0xff, 'k', 'e', 'y', 0x80}, []byte("\x7e\x08\x30\x61\x7c\x4a\x7d\xe8\x39\x25\xdf\xb2\x69\x45\x56\xb1\x29\x36\xc4\x77")...)

func utf16Text(text string, bigEndian bool) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if bigEndian {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return string(out)
}

// planting is a secret that got out, and in what form it has to be found.
type planting struct{ planted, as string }

// planted are ways in which secret gets out.
func planted(t *testing.T) map[string]planting {
	t.Helper()
	asJSON, err := json.Marshal(string(secret))
	if err != nil {
		t.Fatal(err)
	}
	inBase64 := base64.StdEncoding.EncodeToString
	return map[string]planting{
		"The bytes themselves.":                          {string(secret), "raw"},
		"Their first half.":                              {string(secret[:16]), "raw"},
		"Their last twelve.":                             {string(secret[20:]), "raw"},
		"Digits.":                                        {hex.EncodeToString(secret), "hex"},
		"Capital digits.":                                {strings.ToUpper(hex.EncodeToString(secret)), "hex"},
		"Digits in groups.":                              {fmt.Sprintf("% x", secret), "hex"},
		"Base64.":                                        {inBase64(secret), "base64"},
		"Base64 for URLs.":                               {base64.URLEncoding.EncodeToString(secret), "base64"},
		"Base64 without padding.":                        {base64.RawStdEncoding.EncodeToString(secret), "base64"},
		"Base64 for URLs without padding.":               {base64.RawURLEncoding.EncodeToString(secret), "base64"},
		"Base64 with one byte before.":                   {inBase64(append([]byte{7}, secret...)), "base64"},
		"Base64 with two bytes before.":                  {inBase64(append([]byte{8, 1}, secret...)), "base64"},
		"Base64 within a larger message.":                {inBase64(append(append([]byte("head"), secret...), "tail"...)), "base64"},
		"Base64 for URLs within a larger message.":       {base64.URLEncoding.EncodeToString(append(append([]byte("head."), secret...), "tail"...)), "base64"},
		"The bytes of a slice, as fmt prints them.":      {fmt.Sprintf("%d", secret), "decimals"},
		"The numbers of a JSON array.":                   {strings.ReplaceAll(fmt.Sprintf("%d", secret), " ", ","), "decimals"},
		"Go syntax.":                                     {fmt.Sprintf("%#v", secret), "Go"},
		"A quoted string.":                               {fmt.Sprintf("%q", secret), "Go"},
		"A JSON string.":                                 {string(asJSON), "JSON"},
		"Digits in UTF-16.":                              {utf16Text(hex.EncodeToString(secret), false), "UTF-16"},
		"Base64 in UTF-16 of the other byte order.":      {utf16Text(inBase64(secret), true), "UTF-16"},
		"Bytes that were taken for letters, in UTF-16.":  {utf16Text(string(runes(secret)), false), "UTF-16"},
		"Base64 of a message, in UTF-16, among letters.": {utf16Text("x"+inBase64(append([]byte("four"), secret...)), false), "UTF-16"},
	}
}

func TestWhatIsPlantedIsFound(t *testing.T) {
	for name, c := range planted(t) {
		text := bytes.Join([][]byte{[]byte("before"), []byte(c.planted), []byte("after")}, nil)
		if found := canary.Find(text, secret); !slices.Contains(found, c.as) {
			t.Errorf("%s found as %q, want %s among them", name, found, c.as)
		}
	}
}

func runes(b []byte) []rune {
	var out []rune
	for _, c := range b {
		out = append(out, rune(c))
	}
	return out
}

func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	other := bytes.Repeat([]byte{0xfb, 0xef, 0xbe, 0x11}, 8)
	for name, text := range map[string]string{
		"No text.":           "",
		"Another secret.":    hex.EncodeToString(other) + base64.StdEncoding.EncodeToString(other) + fmt.Sprintf("%d", other) + string(other),
		"A part too little.": string(secret[1:12]),
		"Digits of a part.":  hex.EncodeToString(secret[:11]),
	} {
		if found := canary.Find([]byte(text), secret); len(found) > 0 {
			t.Errorf("%s found as %q", name, found)
		}
	}
}
