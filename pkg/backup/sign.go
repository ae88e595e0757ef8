// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// keyName is the name of the key that signs the records of a peer.
func keyName(namespace, peerNode string) string { return namespace + "/" + peerNode }

// NewSigningKey makes a key that signs the records of a peer, from a source of entropy. The private one is a line that
// begins with PRIVATE+KEY, the public one a line that whoever restores without the cluster has to have kept.
func NewSigningKey(entropy io.Reader, namespace, peerNode string) (private, public string, err error) {
	var seed [ed25519.SeedSize]byte
	if _, err := io.ReadFull(entropy, seed[:]); err != nil {
		return "", "", err
	}
	private, public, err = signingKey(seed, namespace, peerNode)
	if err != nil {
		return "", "", err
	}
	if _, err := note.NewSigner(private); err != nil {
		return "", "", fmt.Errorf("%q is not the name of a peer: it has a space or a plus", keyName(namespace, peerNode))
	}
	return private, public, nil
}

// signingKey writes the key of a seed as package note reads it.
func signingKey(seed [ed25519.SeedSize]byte, namespace, peerNode string) (private, public string, err error) {
	name := keyName(namespace, peerNode)
	half, ok := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", "", errors.New("it is no key of Ed25519")
	}
	if public, err = note.NewEd25519VerifierKey(name, half); err != nil {
		return "", "", err
	}
	hash, _, _ := strings.Cut(strings.TrimPrefix(public, name+"+"), "+")
	return "PRIVATE+KEY+" + name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{algorithmEd25519}, seed[:]...)), public, nil
}

// algorithmEd25519 stands before the bytes of a key of package note.
const algorithmEd25519 = 1

// Signer signs the records of one peer.
type Signer struct {
	note.Signer

	public string
	state  StateKey
}

// StateKey is the one by which a writer knows its own states. It follows from the signing key, and tells nothing of it.
func (s Signer) StateKey() StateKey { return s.state }

// Public is the key by which its signatures are known.
func (s Signer) Public() string { return s.public }

// String keeps the key out of what is printed.
func (s Signer) String() string { return "private key of " + s.Name() }

// GoString does, too.
func (s Signer) GoString() string { return s.String() }

// ParseSigner reads a private key. Its errors repeat nothing of it.
func ParseSigner(private, namespace, peerNode string) (Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(private))
	if err != nil {
		return Signer{}, errors.New("it is no private key that signs records: one line that begins with PRIVATE+KEY+" + keyName(namespace, peerNode))
	}
	if want := keyName(namespace, peerNode); s.Name() != want {
		return Signer{}, fmt.Errorf("it is the key of %s, and the records are those of %s", s.Name(), want)
	}
	parts := strings.SplitN(strings.TrimSpace(private), "+", 5) // the last of which may have a plus
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != algorithmEd25519 {
		return Signer{}, errors.New("it is no key of Ed25519")
	}
	_, public, err := signingKey([ed25519.SeedSize]byte(raw[1:]), namespace, peerNode)
	state := hmac.New(sha256.New, raw[1:])
	_, _ = state.Write([]byte(FormatState)) // a hash takes everything
	return Signer{s, public, state.Sum(nil)}, err
}

// SignerOf is the signer of a peer whose key is that of a seed.
func SignerOf(seed [ed25519.SeedSize]byte, namespace, peerNode string) (Signer, error) {
	private, _, err := signingKey(seed, namespace, peerNode)
	if err != nil {
		return Signer{}, err
	}
	return ParseSigner(private, namespace, peerNode)
}

// Sign returns the record as it is put into the bucket.
func (s Signer) Sign(r Record) ([]byte, error) {
	if want := keyName(r.Namespace, r.PeerNode); s.Name() != want {
		return nil, fmt.Errorf("the key of %s cannot sign a record of %s", s.Name(), want)
	}
	text, err := r.Text()
	if err != nil {
		return nil, fmt.Errorf("write the record: %w", err)
	}
	return note.Sign(&note.Note{Text: text}, s.Signer)
}

// Trust are the public keys by which the records of one peer are known.
type Trust struct {
	name      string
	verifiers note.Verifiers
}

// ParseTrust reads public keys, of which there may be several where the key was replaced.
func ParseTrust(namespace, peerNode string, public ...string) (Trust, error) {
	name := keyName(namespace, peerNode)
	var all []note.Verifier
	for _, text := range public {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return Trust{}, fmt.Errorf("%q is no public key of records, one line like %s+HASH+KEY", text, name)
		}
		if v.Name() != name {
			return Trust{}, fmt.Errorf("%q is the key of %s, and the records are those of %s", text, v.Name(), name)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return Trust{}, errors.New("there is no public key by which to know the records")
	}
	return Trust{name, note.VerifierList(all...)}, nil
}

// Trusted is a record whose signature holds.
type Trusted struct {
	Record

	// SHA256 is that of the record as it lies in the bucket.
	SHA256 Digest
}

// SignedError is what is wrong with a record that is signed by a key that is trusted: a later program may have written it.
type SignedError struct{ error }

// Unwrap is for errors.Is.
func (s SignedError) Unwrap() error { return s.error }

// Open reads what lies in a bucket as the record of a sequence, and refuses what this peer has not signed as that one.
func (t Trust) Open(text []byte, sequence int64) (Trusted, error) {
	n, err := note.Open(text, t.verifiers)
	if _, unknown := errors.AsType[*note.UnverifiedNoteError](err); unknown {
		return Trusted{}, fmt.Errorf("the record is signed by none of the keys of %s that are trusted", t.name)
	}
	if err != nil {
		return Trusted{}, fmt.Errorf("the record is damaged, or forged: %w", err)
	}
	if string(text) != n.Text+"\n— "+n.Sigs[0].Name+" "+n.Sigs[0].Base64+"\n" {
		return Trusted{}, errors.New("the record has more than one signature")
	}
	r, err := ParseRecord(n.Text)
	if err != nil {
		return Trusted{}, fmt.Errorf("the record: %w", SignedError{err})
	}
	if is := keyName(r.Namespace, r.PeerNode); is != t.name {
		return Trusted{}, fmt.Errorf("the record is that of a backup of %s, and %s is wanted", is, t.name)
	}
	if r.Sequence != sequence {
		return Trusted{}, fmt.Errorf("the record is that of backup %d, and lies where that of %d should: somebody has exchanged objects of the bucket", r.Sequence, sequence)
	}
	return Trusted{r, sha256.Sum256(text)}, nil
}

// Whose is whose records a public key knows, as its name says.
func Whose(public string) (namespace, peerNode string, err error) {
	v, err := note.NewVerifier(strings.TrimSpace(public))
	if err != nil {
		return "", "", fmt.Errorf("%q is no public key of records, one line like NAMESPACE/NAME+HASH+KEY", public)
	}
	namespace, peerNode, _ = strings.Cut(v.Name(), "/")
	if !plainName.MatchString(namespace) || !plainName.MatchString(peerNode) {
		return "", "", fmt.Errorf("%q is the key of no peer: its name is not NAMESPACE/NAME", public)
	}
	return namespace, peerNode, nil
}

var plainName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
