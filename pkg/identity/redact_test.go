// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
)

// exported and hidden hold a key as somebody's struct may, one day. fmt asks no method of what is in a hidden field.
type (
	exported struct{ Key identity.Key }
	hidden   struct {
		key     identity.Key
		pointer *identity.Key
		list    []identity.Key
		byName  map[string]identity.Key
		any     any
	}
	renamed identity.Key
)

// holders are the ways in which a key may stand in another value.
func holders(key identity.Key) map[string]any {
	return map[string]any{
		"the key":            key,
		"a pointer to it":    &key,
		"an exported field":  exported{key},
		"hidden fields":      hidden{key, &key, []identity.Key{key}, map[string]identity.Key{"": key}, key},
		"pointer to hidden":  &hidden{key, &key, []identity.Key{key}, map[string]identity.Key{"": key}, key},
		"a list":             []identity.Key{key},
		"a map's values":     map[string]identity.Key{"alpha": key},
		"a type made of it":  renamed(key),
		"an error around it": fmt.Errorf("seal %v of %w", key, errors.New("alpha")),
	}
}

func TestAKeyNeverPrintsItsPrivatePart(t *testing.T) {
	for _, keyType := range []v1alpha1.IdentityType{v1alpha1.IdentityEd25519, v1alpha1.IdentitySecp256k1} {
		secret := []byte("0123456789abcdefghijklmnopqrstuv")
		key, err := identity.Parse(keyType, secret)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range holders(key) {
			var said bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%T", "%10.3v"} {
				fmt.Fprintf(&said, verb+"\n", value)
			}
			encodeAll(&said, value)
			logAll(&said, value)
			if found := canary.Find(said.Bytes(), secret); len(found) > 0 {
				t.Errorf("%s: %s shows the private part as %v:\n%s", keyType, name, found, said.String())
			}
		}
		if got, want := fmt.Sprintf("%#v", key), "private key of "+key.Public().String(); got != want || !strings.Contains(got, key.Public().PeerID()) {
			t.Errorf("a key prints as %q, want %q", got, want)
		}
	}
}

// encodeAll writes what encoders make of value, and their errors.
func encodeAll(said *bytes.Buffer, value any) {
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal, xml.Marshal} {
		text, err := encode(value)
		fmt.Fprintln(said, string(text), err)
	}
	fmt.Fprintln(said, gob.NewEncoder(said).Encode(value))
}

func logAll(said *bytes.Buffer, value any) {
	handlers := []slog.Handler{slog.NewTextHandler(said, nil), slog.NewJSONHandler(said, nil)}
	for _, h := range handlers {
		slog.New(h).Info("sealed", "key", value)
		logr.FromSlogHandler(h).Info("sealed", "key", value)
	}
}

func TestAKeyRefusesToBeEncoded(t *testing.T) {
	key, err := identity.Parse(v1alpha1.IdentityEd25519, make([]byte, identity.SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"the key": key, "a pointer": &key, "a field": exported{key}, "a list": []identity.Key{key}} {
		if text, err := json.Marshal(value); err == nil {
			t.Errorf("%s becomes %s", name, text)
		}
		if text, err := yaml.Marshal(value); err == nil {
			t.Errorf("%s becomes %s", name, text)
		}
	}
}

// The search above is worth something only if it finds what a careless type would show.
func TestTheSearchFindsWhatACarelessTypeShows(t *testing.T) {
	secret := []byte("0123456789abcdefghijklmnopqrstuv")
	careless := struct{ secret []byte }{secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if found := canary.Find(fmt.Appendf(nil, verb, careless), secret); len(found) == 0 {
			t.Errorf("%s shows the secret, and the search does not see it: "+verb, verb, careless)
		}
	}
}

func TestValuesWithoutAKeySaySo(t *testing.T) {
	if got := fmt.Sprint(identity.Key{}, identity.Public{}); got != "no private key no public key" {
		t.Errorf("got %q", got)
	}
	if secret := (identity.Key{}).Secret(); secret != nil {
		t.Errorf("no key has the secret %v", secret)
	}
}
