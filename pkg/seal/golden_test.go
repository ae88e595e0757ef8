// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
)

// golden is an envelope that the first version of this package made, and who opens it. It is never made anew; the
// private keys are those of these tests.
func golden(t testing.TB) ([]seal.Opener, []byte) {
	t.Helper()
	file, err := os.Open("testdata/v1.recovery.key")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	openers, err := seal.ParseOpeners(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/v1.envelope.json")
	if err != nil {
		t.Fatal(err)
	}
	return openers, text
}

// What was sealed once must open for ever.
func TestEnvelopesOfEveryVersionOpen(t *testing.T) {
	openers, text := golden(t)
	e := read(t, text)
	opened, err := e.Open(alpha, openers...)
	if err != nil {
		t.Fatal(err)
	}
	if !opened.Key.Equal(key(t, v1alpha1.IdentityEd25519)) || len(opened.Parts) != 2 {
		t.Errorf("it holds %v in the parts %v", opened.Key, opened.Parts)
	}
	if !bytes.Equal(e.Text(), text) {
		t.Error("it would be written in another way today")
	}
}
