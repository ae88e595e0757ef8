// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
)

func TestANumberThatIsNoKeyIsDrawnAgain(t *testing.T) {
	zero, valid := strings.Repeat("00", 32), strings.Repeat("00", 31)+"01"
	largest := order[:63] + "0"
	for name, c := range map[string]struct{ drawn, want string }{
		"Zero is no key.":                       {zero + valid, valid},
		"The order of the curve is no key.":     {order + valid, valid},
		"Nothing above the order is a key.":     {strings.Repeat("ff", 32) + zero + valid, valid},
		"The number just below the order is.":   {largest, largest},
		"The first number that is a key is it.": {valid + largest, valid},
	} {
		entropy, err := hex.DecodeString(c.drawn)
		if err != nil {
			t.Fatal(err)
		}
		key, err := identity.New(v1alpha1.IdentitySecp256k1, bytes.NewReader(entropy))
		if got := hex.EncodeToString(key.Secret()); got != c.want || err != nil {
			t.Errorf("%s got %s, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestNoKeyIsMadeWithoutEntropy(t *testing.T) {
	for name, c := range map[string]struct {
		keyType v1alpha1.IdentityType
		entropy string
		says    string
	}{
		"Entropy for an Ed25519 key runs out.":              {v1alpha1.IdentityEd25519, "too short", "read entropy: unexpected EOF"},
		"Entropy for a secp256k1 key runs out.":             {v1alpha1.IdentitySecp256k1, "", "read entropy: EOF"},
		"Entropy runs out while a number is drawn again.":   {v1alpha1.IdentitySecp256k1, strings.Repeat("\x00", 40), "read entropy: unexpected EOF"},
		"The type of key is not known, whatever admission.": {"RSA", strings.Repeat("x", 64), `"RSA" is not known`},
	} {
		key, err := identity.New(c.keyType, strings.NewReader(c.entropy))
		if err == nil || !strings.Contains(err.Error(), c.says) || !key.IsZero() {
			t.Errorf("%s got %v and %v, want an error that says %q and no key", name, key, err, c.says)
		}
	}
}
