// SPDX-License-Identifier: Apache-2.0

// Package identity keeps the agent's private key: one file, identity.key, that
// holds the base64 of the libp2p private-key protobuf. The peer ID is derived
// from it and from nothing else.
package identity

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// FileName is the name of the key file in the keys folder.
const FileName = "identity.key"

// maxKeySize is far above the 100 bytes a key takes.
const maxKeySize = 4096

// Info is what may be known about a key. It is printed by every identity
// command and read by the operator from the termination message.
type Info struct {
	PeerID    peer.ID `json:"peerID"`
	PublicKey string  `json:"publicKey"`
	KeyType   string  `json:"keyType"`
}

// Describe returns the public part of key.
func Describe(key crypto.PrivKey) (Info, error) {
	keyType, err := typeName(key)
	if err != nil {
		return Info{}, err
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return Info{}, fmt.Errorf("derive the peer ID: %w", err)
	}
	public, err := crypto.MarshalPublicKey(key.GetPublic())
	if err != nil {
		return Info{}, fmt.Errorf("encode the public key: %w", err)
	}
	return Info{PeerID: id, PublicKey: base64.StdEncoding.EncodeToString(public), KeyType: keyType}, nil
}

// typeName refuses the key types that the guide does not name, RSA among them.
func typeName(key crypto.PrivKey) (string, error) {
	switch t := key.Type(); t {
	case crypto.Ed25519:
		return "ed25519", nil
	case crypto.Secp256k1:
		return "secp256k1", nil
	default:
		return "", fmt.Errorf("the key is of type %s; only ed25519 and secp256k1 are supported", t)
	}
}

// Load reads dir/identity.key after checking who else can read or replace it.
func Load(dir string) (crypto.PrivKey, error) {
	key, _, err := load(dir)
	return key, err
}

func load(dir string) (crypto.PrivKey, fs.FileInfo, error) {
	path := filepath.Join(dir, FileName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("no key at %s; make one with p2p-agent identity generate --keys %s: %w", path, dir, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("look at the key: %w", err)
	}
	if err := checkFile(path, info); err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeySize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the key: %w", err)
	}
	key, err := decode(path, text)
	return key, info, err
}

// checkFile is given what was seen of the opened file itself, so a symlink of a
// Secret volume is followed and nothing can be swapped in between. Group-readable
// is accepted, and root as the owner: Kubernetes makes Secret files of mode 0440
// for the pod's fsGroup.
func checkFile(path string, info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case mode.Perm()&0o007 != 0:
		return fmt.Errorf("%s has mode %04o: every user of the machine can reach the key; run chmod o-rwx on it (0600, or 0440 in a Secret volume)", path, mode.Perm())
	case mode.Perm()&0o020 != 0:
		return fmt.Errorf("%s has mode %04o: its group can replace the key; run chmod g-w on it (0600, or 0440 in a Secret volume)", path, mode.Perm())
	}
	if owner := ownerOf(info); owner != 0 && owner != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d, who can replace the key; this process runs as user %d: run chown %d on it", path, owner, os.Geteuid(), os.Geteuid())
	}
	return nil
}

// ownerOf is the user whom a file belongs to; root where the system does not tell.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return 0
}

// decode never puts any part of text in an error: it is a private key.
func decode(path string, text []byte) (crypto.PrivKey, error) {
	if len(text) > maxKeySize {
		return nil, fmt.Errorf("%s is larger than %d bytes and no key", path, maxKeySize)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is not one line of base64; restore it from a backup", path)
	}
	key, err := crypto.UnmarshalPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s is not a libp2p private key; restore it from a backup", path)
	}
	if _, err := typeName(key); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func encode(key crypto.PrivKey) ([]byte, error) {
	raw, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the key: %w", err)
	}
	return []byte(base64.StdEncoding.EncodeToString(raw) + "\n"), nil
}

func newKey(keyType string) (crypto.PrivKey, error) {
	var key crypto.PrivKey
	var err error
	switch keyType {
	case "ed25519":
		key, _, err = crypto.GenerateEd25519Key(rand.Reader)
	case "secp256k1":
		key, _, err = crypto.GenerateSecp256k1Key(rand.Reader)
	default:
		return nil, fmt.Errorf("key type %q is not one of ed25519, secp256k1", keyType)
	}
	if err != nil {
		return nil, fmt.Errorf("generate a %s key: %w", keyType, err)
	}
	return key, nil
}
