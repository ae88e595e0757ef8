// SPDX-License-Identifier: Apache-2.0

package sealingkey_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/sealingkey"
)

var now = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

func secret(t *testing.T, number int) *corev1.Secret {
	t.Helper()
	s, err := sealingkey.NewSecret("peernode-system", number, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, s *corev1.Secret) sealingkey.Key {
	t.Helper()
	key, err := sealingkey.Read(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestTheSecretOfASealingKey(t *testing.T) {
	s := secret(t, 2)
	if diff := cmp.Diff([]string{"ca.crt", "ca.key", "identity.age"}, slices.Sorted(maps.Keys(s.Data))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	s.Data = nil
	const want = `apiVersion: v1
immutable: true
kind: Secret
metadata:
  labels:
    app.kubernetes.io/component: unsealer
    app.kubernetes.io/managed-by: peernode-operator
  name: peernode-sealing-key-2
  namespace: peernode-system
type: Opaque
`
	got, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoTwoSealingKeysAreTheSame(t *testing.T) {
	a, b := secret(t, 1), secret(t, 1)
	for name := range a.Data {
		if bytes.Equal(a.Data[name], b.Data[name]) {
			t.Errorf("%s is the same in both", name)
		}
	}
}

func TestASecretThatCannotBeIsRefused(t *testing.T) {
	if _, err := sealingkey.NewSecret("peernode-system", 0, now); err == nil || !strings.Contains(err.Error(), "they count from 1") {
		t.Errorf("got %v", err)
	}
	if _, err := sealingkey.NewSecret("no namespace", 1, now); err == nil || !strings.Contains(err.Error(), `namespace "no namespace"`) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoSealingKeyIsRefusedWithoutShowingIt(t *testing.T) {
	good, other := secret(t, 1).Data, secret(t, 1).Data
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := read(t, secret(t, 1)).Serving(sealingkey.Hosts("peernode-system"), now)
	if err != nil {
		t.Fatal(err)
	}
	leafPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]})
	for name, c := range map[string]struct {
		file    string
		content []byte
		says    string
	}{
		"No private key of age.":         {"identity.age", nil, "there is no identity.age"},
		"No authority.":                  {"ca.crt", nil, "there is no ca.crt"},
		"No key of the authority.":       {"ca.key", nil, "there is no ca.key"},
		"A damaged private key.":         {"identity.age", good["identity.age"][:60], "identity.age: line 1: this begins as a hybrid private key"},
		"Two private keys.":              {"identity.age", append(bytes.Clone(good["identity.age"]), other["identity.age"]...), "there are 2 private keys"},
		"A private key of X25519.":       {"identity.age", []byte(x25519.String()), "is not hybrid"},
		"A damaged certificate.":         {"ca.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), "ca.crt: the certificate is damaged"},
		"Two certificates.":              {"ca.crt", append(bytes.Clone(good["ca.crt"]), other["ca.crt"]...), "ca.crt: this is not one block of PEM"},
		"A certificate of no authority.": {"ca.crt", leafPEM, "not that of a certificate authority"},
		"A damaged key.":                 {"ca.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), "ca.key: the private key is damaged"},
		"A key that is none.":            {"ca.key", []byte("x"), "ca.key: this is not one block of PEM of the type PRIVATE KEY"},
		"The key of another authority.":  {"ca.key", other["ca.key"], "ca.key is not the key of the certificate"},
	} {
		files := maps.Clone(good)
		files[c.file] = c.content
		_, err := sealingkey.Read(files)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
			continue
		}
		for _, private := range [][]byte{letters(good), letters(other), good["ca.key"], other["ca.key"]} {
			if found := canary.Find([]byte(err.Error()), private); len(found) > 0 {
				t.Errorf("%s the error shows a private key (%v)", name, found)
			}
		}
	}
}

// letters are those of a private key of age that are its own.
func letters(files map[string][]byte) []byte {
	return files["identity.age"][len("AGE-SECRET-KEY-PQ-1"):]
}

func TestPeersKnowTheUnsealerByItsAuthority(t *testing.T) {
	key, stranger := read(t, secret(t, 1)), read(t, secret(t, 1))
	serving, err := key.Serving(sealingkey.Hosts("peernode-system"), now)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(authority sealingkey.Key, host string, at time.Time) error {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority.CA())
		_, err := serving.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: at})
		return err
	}
	for _, host := range []string{"peernode-unsealer", "peernode-unsealer.peernode-system", "peernode-unsealer.peernode-system.svc", "peernode-unsealer.peernode-system.svc.cluster.local"} {
		if err := verify(key, host, now); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	host := sealingkey.Host("peernode-system")
	for name, err := range map[string]error{
		"under another name":      verify(key, "peernode-unsealer.elsewhere.svc", now),
		"of another authority":    verify(stranger, host, now),
		"when it has run out":     verify(key, host, now.Add(sealingkey.ServingLife+time.Second)),
		"long before it was made": verify(key, host, now.Add(-time.Hour)),
	} {
		if err == nil {
			t.Errorf("a certificate is good %s", name)
		}
	}
	if err := verify(key, host, now.Add(-time.Minute)); err != nil {
		t.Errorf("on a node whose clock is a minute late: %v", err)
	}
}

func TestPeersAskWhereTheCertificateIsGood(t *testing.T) {
	if got, want := sealingkey.URL("peernode-system"), "https://peernode-unsealer.peernode-system.svc:8443"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnAuthorityVouchesForNobodyElse(t *testing.T) {
	key := read(t, secret(t, 1))
	serving, err := key.Serving([]string{"kubernetes.default.svc"}, now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(key.CA())
	if _, err := serving.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "kubernetes.default.svc", CurrentTime: now}); err == nil {
		t.Error("the certificate of another host is good")
	}
}

func TestNoCertificateOutlivesItsAuthority(t *testing.T) {
	key := read(t, secret(t, 1))
	end := now.Add(10 * 365 * 24 * time.Hour)
	serving, err := key.Serving([]string{"peernode-unsealer"}, end.Add(-time.Hour))
	if err != nil || !serving.Leaf.NotAfter.Equal(end) {
		t.Errorf("valid until %v, %v; want %s", serving.Leaf, err, end)
	}
	if _, err := key.Serving([]string{"peernode-unsealer"}, end); err == nil || !strings.Contains(err.Error(), "make another sealing key") {
		t.Errorf("an authority that has run out: got %v", err)
	}
	if _, err := key.Serving(nil, now); err == nil {
		t.Error("a certificate for nobody was made")
	}
}

func TestWhatIsPublishedReadsBack(t *testing.T) {
	key := read(t, secret(t, 1))
	configMap := sealingkey.ConfigMap("peernode-system", sealingkey.Ring{key}.Published())
	if *configMap.Name != "peernode-unsealer" || *configMap.Namespace != "peernode-system" {
		t.Errorf("published in %s/%s", *configMap.Namespace, *configMap.Name)
	}
	if diff := cmp.Diff(map[string]string{"app.kubernetes.io/managed-by": "peernode-operator", "app.kubernetes.io/component": "unsealer"}, configMap.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	got, err := sealingkey.ReadPublished(configMap.Data)
	if err != nil || got.Number != 1 || got.Recipient.String() != key.Recipient().String() || !bytes.Equal(got.CA, key.CA()) {
		t.Errorf("got %v, %v", got, err)
	}
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for field, c := range map[string]struct{ value, says string }{
		"recipient": {x25519.Recipient().String(), "ConfigMap peernode-unsealer: recipient: this recipient is not hybrid"},
		"number":    {"first", `ConfigMap peernode-unsealer: number: "first" is no number of a sealing key`},
		"ca.crt":    {"", "ConfigMap peernode-unsealer: ca.crt: this is not one block of PEM"},
	} {
		data := maps.Clone(configMap.Data)
		data[field] = c.value
		if _, err := sealingkey.ReadPublished(data); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that says %q", field, err, c.says)
		}
	}
	if _, err := sealingkey.ReadPublished(nil); err == nil || !strings.Contains(err.Error(), `number: "" is no number`) {
		t.Errorf("nothing: got %v", err)
	}
}

func TestASealingKeyDoesNotPrintItself(t *testing.T) {
	files := secret(t, 1).Data
	key, err := sealingkey.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	type hidden struct{ key any }
	var said bytes.Buffer
	for _, value := range []any{key, &key, []sealingkey.Key{key}, struct{ K sealingkey.Key }{key}, hidden{key}, &hidden{&key}, sealingkey.Ring{key}.Published()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
			fmt.Fprintf(&said, verb+"\n", value)
		}
		text, err := json.Marshal(value)
		fmt.Fprintln(&said, string(text), err)
		slog.New(slog.NewJSONHandler(&said, nil)).Info("read", "key", value)
	}
	block, _ := pem.Decode(files["ca.key"])
	signer, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	scalar, err := signer.(interface{ Bytes() ([]byte, error) }).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for what, private := range map[string][]byte{"the private key of age": letters(files), "the key of the authority": scalar} {
		if found := canary.Find(said.Bytes(), private); len(found) > 0 {
			t.Errorf("%s shows (%v)", what, found)
		}
	}
	if got, want := fmt.Sprint(sealingkey.Key{}), "no sealing key"; got != want {
		t.Errorf("the zero key prints as %q, want %q", got, want)
	}
}
