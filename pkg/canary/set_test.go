// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"testing"

	"github.com/peernode/operator/pkg/canary"
)

// among is a set in which secret has a place among many others.
func among(t testing.TB, others int) (set *canary.Set, place int) {
	t.Helper()
	set, place = &canary.Set{}, others/2
	for i := range others + 1 {
		one := other(i)
		if i == place {
			one = secret
		}
		if err := set.Add(one); err != nil {
			t.Fatal(err)
		}
	}
	return set, place
}

func other(i int) []byte {
	sum := sha256.Sum256([]byte(strconv.Itoa(i)))
	return sum[:]
}

func TestASetFindsInEveryFormWhatIsPlanted(t *testing.T) {
	set, place := among(t, 100)
	for name, c := range planted(t) {
		text := bytes.Join([][]byte{bytes.Repeat([]byte("before "), 1000), []byte(c.planted), []byte("after")}, nil)
		found := set.Find(text)
		if len(found) != 1 || found[0].Secret != place || !slices.Equal(found[0].Forms, canary.Find(text, secret)) {
			t.Errorf("%s found %v, want %v of %d", name, found, canary.Find(text, secret), place)
		}
	}
}

func TestASetFindsAllThatShow(t *testing.T) {
	set, place := among(t, 100)
	text := hex.EncodeToString(other(3)) + base64.StdEncoding.EncodeToString(secret) + string(other(99))
	var places []int
	for _, f := range set.Find([]byte(text)) {
		places = append(places, f.Secret)
	}
	if want := []int{3, place, 99}; !slices.Equal(places, want) {
		t.Errorf("found %v, want %v", places, want)
	}
}

func TestASetFindsNothingWhereNothingIs(t *testing.T) {
	set, _ := among(t, 100)
	stranger := other(1000)
	for name, text := range map[string][]byte{
		"No text.":                     nil,
		"Less than could be anything.": []byte("short"),
		"Another secret.":              slices.Concat(stranger, []byte(hex.EncodeToString(stranger))),
		"How a secret begins.":         slices.Concat(secret[:8], []byte(" and "), secret[12:20]),
	} {
		if found := set.Find(text); len(found) > 0 {
			t.Errorf("%s found %v", name, found)
		}
	}
	if found := (&canary.Set{}).Find(secret); len(found) > 0 {
		t.Errorf("an empty set finds %v", found)
	}
}

func TestASetRefusesWhatChanceBringsAbout(t *testing.T) {
	if err := (&canary.Set{}).Add(secret[:11]); err == nil {
		t.Error("eleven bytes are taken for a secret")
	}
}

// What is looked through is as in a store: mostly text.
func BenchmarkSetOfManySecrets(b *testing.B) {
	set, _ := among(b, 2000)
	text := bytes.Repeat([]byte(`{"metadata":{"uid":"7a1dbd7e-6c33-4b8e-9f2b-0f6e8f3e5a41","name":"alpha-identity-1"},"n":1234567}`), 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if found := set.Find(text); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
