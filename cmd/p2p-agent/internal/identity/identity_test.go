// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/crypto"
)

func generate(t *testing.T, keyType string) (string, Info) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	info, err := Generate(dir, keyType)
	if err != nil {
		t.Fatal(err)
	}
	return dir, info
}

func TestGeneratedKeysAreLoadedAgain(t *testing.T) {
	for _, keyType := range []string{"ed25519", "secp256k1"} {
		t.Run(keyType, func(t *testing.T) {
			dir, made := generate(t, keyType)
			loaded, err := Verify(dir, made.PeerID.String(), keyType)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Verified{made, "0600", os.Geteuid()}, loaded); diff != "" {
				t.Errorf("-made +loaded:\n%s", diff)
			}
			stat, err := os.Stat(filepath.Join(dir, FileName))
			if err != nil {
				t.Fatal(err)
			}
			if stat.Mode().Perm() != 0o600 {
				t.Errorf("mode %04o", stat.Mode().Perm())
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".identity-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestGenerateNeverReplacesAKey(t *testing.T) {
	dir, made := generate(t, "ed25519")
	if _, err := Generate(dir, "ed25519"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if _, err := Verify(dir, made.PeerID.String(), ""); err != nil {
		t.Errorf("the first key is gone: %v", err)
	}
}

func TestGenerateRefusesOtherTypes(t *testing.T) {
	if _, err := Generate(t.TempDir(), "rsa"); err == nil {
		t.Error("accepted rsa")
	}
}

func TestRotateKeepsTheOldKeyUnderItsPeerID(t *testing.T) {
	dir, old := generate(t, "secp256k1")
	rotation, err := Rotate(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if rotation.PeerID == old.PeerID || rotation.KeyType != "secp256k1" {
		t.Errorf("new key: %+v", rotation.Info)
	}
	if diff := cmp.Diff(old, rotation.Previous); diff != "" {
		t.Errorf("previous, -want +got:\n%s", diff)
	}
	if _, err := Verify(dir, rotation.PeerID.String(), ""); err != nil {
		t.Error(err)
	}
	kept := filepath.Join(dir, FileName+".previous-"+old.PeerID.String())
	if rotation.PreviousFile != kept {
		t.Errorf("kept in %s", rotation.PreviousFile)
	}
	back := t.TempDir()
	if err := os.Rename(kept, filepath.Join(back, FileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(back, old.PeerID.String(), ""); err != nil {
		t.Errorf("the kept key cannot be used: %v", err)
	}
}

func TestRotateGoesOnAfterAnInterruptedOne(t *testing.T) {
	dir, old := generate(t, "ed25519")
	path := filepath.Join(dir, FileName)
	if err := os.Link(path, path+".previous-"+old.PeerID.String()); err != nil {
		t.Fatal(err)
	}
	rotation, err := Rotate(dir, "secp256k1")
	if err != nil {
		t.Fatal(err)
	}
	if rotation.KeyType != "secp256k1" {
		t.Errorf("asked for another type, got %s", rotation.KeyType)
	}
}

func TestBackupOpensWithTheRecipientsKeyOnly(t *testing.T) {
	dir, info := generate(t, "ed25519")
	holder, stranger := ageKey(t), ageKey(t)
	file := filepath.Join(t.TempDir(), "key.age")
	if _, err := Backup(dir, file, []string{holder.Recipient().String()}); err != nil {
		t.Fatal(err)
	}
	encrypted, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(encrypted, bytes.TrimSpace(plain)) {
		t.Error("the backup holds the key in plain")
	}
	if _, err := age.Decrypt(bytes.NewReader(encrypted), stranger); err == nil {
		t.Error("a stranger opened the backup")
	}
	opened, err := age.Decrypt(bytes.NewReader(encrypted), holder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	restored := t.TempDir()
	if err := os.WriteFile(filepath.Join(restored, FileName), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(restored, info.PeerID.String(), ""); err != nil {
		t.Errorf("the restored key: %v", err)
	}
}

func TestBackupRefuses(t *testing.T) {
	dir, _ := generate(t, "ed25519")
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	recipient := ageKey(t).Recipient().String()
	cases := map[string]struct {
		file       string
		recipients []string
		want       string
	}{
		"an existing file":    {taken, []string{recipient}, "never overwritten"},
		"no recipient":        {taken + "2", nil, "no recipient"},
		"a broken recipient":  {taken + "3", []string{"age1x"}, "is not an age public key"},
		"a missing directory": {taken + "/x/y", []string{recipient}, "make the backup file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Backup(dir, c.file, c.recipients); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if text, _ := os.ReadFile(taken); string(text) != "precious" {
		t.Error("the existing file was changed")
	}
}

func TestVerifyRefuses(t *testing.T) {
	rsa, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaText, err := encode(rsa)
	if err != nil {
		t.Fatal(err)
	}
	_, other := generate(t, "ed25519")
	replace := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	mode := func(m os.FileMode) func(string) error {
		return func(path string) error { return os.Chmod(path, m) }
	}
	cases := map[string]struct {
		rootOnly     bool
		spoil        func(path string) error
		expect, kind string
		want         string
	}{
		"a missing key":                {spoil: os.Remove, want: "identity generate"},
		"a key that the world reads":   {spoil: mode(0o604), want: "every user of the machine"},
		"a key that the world writes":  {spoil: mode(0o602), want: "every user of the machine"},
		"a key that the group writes":  {spoil: mode(0o660), want: "its group can replace the key"},
		"a key of another user":        {rootOnly: true, spoil: func(path string) error { return os.Chown(path, 12345, 0) }, want: "belongs to user 12345"},
		"an empty file":                {spoil: replace(""), want: "not a libp2p private key"},
		"what is no base64":            {spoil: replace("%%%"), want: "not one line of base64"},
		"base64 of something else":     {spoil: replace("aGVsbG8="), want: "not a libp2p private key"},
		"a file that is far too large": {spoil: replace(strings.Repeat("A", 5000)), want: "larger than"},
		"an RSA key":                   {spoil: replace(string(rsaText)), want: "only ed25519 and secp256k1"},
		"another peer's key":           {expect: other.PeerID.String(), want: "expected " + other.PeerID.String()},
		"an expectation that is none":  {expect: "bob", want: "is not a peer ID"},
		"a key of another type":        {kind: "secp256k1", want: "expected secp256k1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.rootOnly && os.Geteuid() != 0 {
				t.Skip("only root gives files away")
			}
			dir, _ := generate(t, "ed25519")
			if c.spoil != nil {
				if err := c.spoil(filepath.Join(dir, FileName)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Verify(dir, c.expect, c.kind); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A Secret volume shows files as symlinks into ..data, readable for the group.
func TestVerifyAcceptsASecretVolume(t *testing.T) {
	source, info := generate(t, "ed25519")
	volume := t.TempDir()
	if err := os.Mkdir(filepath.Join(volume, "..1"), 0o755); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(volume, "..1", FileName)
	if err := os.Rename(filepath.Join(source, FileName), target); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(target, 0o440), os.Symlink("..1", filepath.Join(volume, "..data")),
		os.Symlink("..data/"+FileName, filepath.Join(volume, FileName))); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(volume, info.PeerID.String(), ""); err != nil {
		t.Error(err)
	}
}

func ageKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}
