// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/handover"
)

// line is a message of one part with what is given packed in it.
func line(t testing.TB, plain string, after ...byte) string {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed.Write(after)
	return head + base64.RawStdEncoding.EncodeToString(packed.Bytes())
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

const head = "peernode.dev/key-handover v1 part 1/1 sha256:" + zeros + " "

func TestPartsThatMakeNoEnvelopeAreRefusedWithAReason(t *testing.T) {
	to := recipients(openers(t, 3, 0))
	one, other := split(t, sealed(t, to), 3), split(t, sealed(t, to), 3)
	two := split(t, sealed(t, to), 2)
	alone := split(t, sealed(t, to[:1]), 1)[0]
	for name, c := range map[string]struct {
		messages []string
		says     string
	}{
		"Nothing.":                         {nil, "there is no message"},
		"An empty message.":                {[]string{""}, "message 1 of 1: it does not begin with peernode.dev/key-handover"},
		"An error of the program.":         {[]string{"error: no entropy"}, "message 1 of 1: it does not begin with"},
		"A message after a good one.":      {[]string{one[0], "xyz", one[2]}, "message 2 of 3: it does not begin with"},
		"A later version.":                 {[]string{strings.Replace(alone, " v1 ", " v2 ", 1)}, "it is of another version than v1"},
		"The first part is missing.":       {one[1:], "part 1 of 3 is missing"},
		"The second part is missing.":      {[]string{one[0], one[2]}, "part 2 of 3 is missing"},
		"The last part is missing.":        {one[:2], "part 3 of 3 is missing"},
		"A part twice.":                    {[]string{one[0], one[1], one[1]}, "message 3 of 3: part 2 of 3 is there twice"},
		"A part of another envelope.":      {[]string{one[0], other[1], one[2]}, "part 2 of 3 is of another envelope than part 1"},
		"The first of another envelope.":   {[]string{other[0], one[1], one[2]}, "part 2 of 3 is of another envelope than part 1"},
		"Parts that were counted anew.":    {[]string{one[0], two[1]}, "message 2 of 2: it is part 2 of 2, another one is of 3 parts"},
		"More parts than can be.":          {[]string{strings.Replace(alone, "1/1", "1/4", 1)}, "there is no part 1 of 4"},
		"A part beyond the last.":          {[]string{strings.Replace(alone, "1/1", "2/1", 1)}, "there is no part 2 of 1"},
		"Part zero.":                       {[]string{strings.Replace(alone, "1/1", "0/1", 1)}, "damaged or cut off"},
		"A checksum cut off.":              {[]string{alone[:80]}, "damaged or cut off"},
		"No content.":                      {[]string{head}, "damaged or cut off"},
		"A message cut off.":               {[]string{alone[:2000]}, "the key that was handed over is damaged"},
		"A letter lost.":                   {[]string{alone[:len(alone)-1]}, "the key that was handed over is damaged"},
		"A letter that is none of base64.": {[]string{alone[:len(alone)-1] + "-"}, "damaged or cut off"},
		"Another checksum.":                {[]string{resummed(alone)}, "its checksum is not the one that the parts name"},
		"Content that is not packed.":      {[]string{head + "AAAA"}, "it cannot be decompressed"},
		"Content that grows without end.":  {[]string{line(t, strings.Repeat(" ", 1<<20))}, "it holds more than the 65536 bytes of an envelope"},
		"Something after the content.":     {[]string{line(t, "{}", 0)}, "something follows it"},
		"Something that is no document.":   {[]string{line(t, "[]\n")}, "there is no envelope in it"},
		"A document of nothing.":           {[]string{line(t, "null\n")}, "it does not say how long"},
		"A document of something else.":    {[]string{line(t, `{"kind":"Secret","sealed":{}}`)}, "what was handed over: this is no envelope"},
		"Less than it says.":               {[]string{line(t, `{"sealed":{"hybrid":3}}`+"\nab")}, "less is sealed in it than it says"},
		"Less than nothing.":               {[]string{line(t, `{"sealed":{"hybrid":-1}}`+"\nab")}, "less is sealed in it than it says"},
		"More than it says.":               {[]string{line(t, `{"sealed":{"hybrid":1}}`+"\nab")}, "more is sealed in it than it says"},
	} {
		got, err := handover.Join(c.messages)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
		if len(got.Header().Recipients) > 0 {
			t.Errorf("%s an envelope came with the error", name)
		}
		if err != nil && strings.Contains(err.Error(), "xyz") {
			t.Errorf("%s the error repeats the message: %v", name, err)
		}
	}
}

// resummed names another checksum.
func resummed(m string) string {
	const before = "sha256:"
	i := strings.Index(m, before) + len(before)
	return m[:i] + zeros + m[i+len(zeros):]
}
