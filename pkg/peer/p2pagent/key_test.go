// SPDX-License-Identifier: Apache-2.0

package p2pagent_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/p2pagent"
)

// Private keys of libp2p's own specification of peer IDs, as protobuf.
const (
	specEd25519 = "08011240" +
		"7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d" +
		"1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
	specSecp256k1 = "08021220" +
		"53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb"
)

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAKeyIsWrittenAndNamedAsTheSpecificationDoes(t *testing.T) {
	form := p2pagent.Kind{}.Key()
	for _, c := range []struct{ encoded, peerID, publicKey string }{
		{specEd25519, "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq", "CAESIB7R6PrixKFEuL6P1LR789OzS4ccPKz2AQ8OQtR0/OJ+"},
		{specSecp256k1, "", ""},
	} {
		key, err := identity.ParseLibP2P(unhex(t, c.encoded))
		if err != nil {
			t.Fatal(err)
		}
		line := base64.StdEncoding.EncodeToString(unhex(t, c.encoded)) + "\n"
		if diff := cmp.Diff(map[string][]byte{"identity.key": []byte(line)}, form.Files(key)); diff != "" {
			t.Errorf("its file (-want +got):\n%s", diff)
		}
		if want := (peer.Identity{PeerID: key.Public().PeerID(), PublicKey: key.Public().LibP2P()}); form.Identity(key.Public()) != want || c.peerID != "" && (want.PeerID != c.peerID || want.PublicKey != c.publicKey) {
			t.Errorf("its name is %+v, want %+v", form.Identity(key.Public()), c)
		}
	}
}

func TestWhatTheAgentSaysOfItsKeyIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		want    peer.Identity
		says    string
	}{
		"Its ID and public key.":           {`{"peerID":"12D3KooWA","publicKey":"CAES"}`, peer.Identity{PeerID: "12D3KooWA", PublicKey: "CAES"}, ""},
		"More than the operator asks for.": {`{"peerID":"12D3KooWA","type":"Ed25519"}`, peer.Identity{PeerID: "12D3KooWA"}, ""},
		"Nothing.":                         {``, peer.Identity{}, "read identity from"},
		"Words.":                           {`all is well`, peer.Identity{}, "read identity from"},
		"No ID.":                           {`{"publicKey":"CAES"}`, peer.Identity{}, "named no peerID"},
	} {
		got, err := p2pagent.Kind{}.Key().Parse(c.message)
		if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got error %v, want %q", name, err, c.says)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAKeyIsReadFromItsFile(t *testing.T) {
	form := p2pagent.Kind{}.Key()
	line := base64.StdEncoding.EncodeToString(unhex(t, specEd25519))
	for name, files := range map[string]map[string][]byte{
		"As it was written.":              {"identity.key": []byte(line + "\n")},
		"Without a newline.":              {"identity.key": []byte(line)},
		"From another system.":            {"identity.key": []byte(" " + line + "\r\n")},
		"Beside a key of before, a copy.": {"identity.key": []byte(line), "identity.key.previous-12D3KooWA": []byte("?")},
	} {
		key, err := form.Read(files)
		if err != nil {
			t.Errorf("%s %v", name, err)
			continue
		}
		if diff := cmp.Diff(map[string][]byte{"identity.key": []byte(line + "\n")}, form.Files(key)); diff != "" {
			t.Errorf("%s Its file (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoKeyFileIsRefusedWithoutRepeatingIt(t *testing.T) {
	line := base64.StdEncoding.EncodeToString(unhex(t, specEd25519))
	other := base64.StdEncoding.EncodeToString(unhex(t, specEd25519[:72]+strings.Repeat("11", 32)))
	for name, c := range map[string]struct {
		files map[string][]byte
		says  string
	}{
		"No file at all.":                     {nil, "there is no identity.key"},
		"A file of another name.":             {map[string][]byte{"identity": []byte(line)}, "there is no identity.key"},
		"An empty file.":                      {map[string][]byte{"identity.key": nil}, "not a libp2p private key"},
		"A line that is cut off.":             {map[string][]byte{"identity.key": []byte(line[:50])}, "identity.key"},
		"A line of other letters.":            {map[string][]byte{"identity.key": []byte("%" + line)}, "not one line of base64"},
		"Two keys.":                           {map[string][]byte{"identity.key": []byte(line + "\n" + line)}, "identity.key"},
		"Halves that are not of one key.":     {map[string][]byte{"identity.key": []byte(other)}, "does not belong"},
		"Digits, as other software keeps it.": {map[string][]byte{"identity.key": []byte(specEd25519)}, "not a libp2p private key"},
	} {
		_, err := p2pagent.Kind{}.Key().Read(c.files)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
			continue
		}
		if found := canary.Find([]byte(err.Error()), unhex(t, specEd25519[8:72])); len(found) > 0 {
			t.Errorf("%s the error shows the key as %v: %v", name, found, err)
		}
	}
}
