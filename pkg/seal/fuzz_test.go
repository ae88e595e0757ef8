// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
)

// FuzzRead reads and opens whatever comes. What is read is written in the same way again, what opens is the key that
// was sealed, and no error holds any of it.
func FuzzRead(f *testing.F) {
	openers, text := golden(f) // the same in every process of a fuzzing run
	for _, text := range [][]byte{
		text, text[:len(text)/2], bytes.ToUpper(text), bytes.ReplaceAll(text, []byte("hybrid"), []byte("x25519")),
		[]byte(`{"format":"peernode.dev/key-envelope","version":1}`),
		[]byte(`{"format":"peernode.dev/key-envelope","version":1,"binding":null,"recipients":[null],"sealed":{}}`),
		[]byte("{}"), nil, secret,
	} {
		f.Add(text)
	}
	k := key(f, v1alpha1.IdentityEd25519)
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := seal.Read(bytes.NewReader(text))
		if err == nil {
			again, err := seal.Read(bytes.NewReader(e.Text()))
			if err != nil || !bytes.Equal(again.Text(), e.Text()) {
				t.Fatalf("what was read cannot be read again: %v", err)
			}
			var opened seal.Opened
			if opened, err = e.Open(alpha, openers...); err == nil && !opened.Key.Equal(k) {
				t.Fatalf("it opens, and holds %v", opened.Key)
			}
		}
		if err != nil && !bytes.Contains(text, secret[:12]) && len(canary.Find([]byte(err.Error()), secret)) > 0 {
			t.Fatalf("the error holds the key: %v", err)
		}
	})
}
