// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/peernode/operator/pkg/backup"
)

// signingContext keeps keys that are derived for this from any that are derived for something else.
const signingContext = "peernode.dev/backup-record-signing/v1"

// RecordSigners are the keys that sign the records of a peer's backups, that of the sealing key in use first. Each follows
// from its sealing key, so nobody has to keep it: who has the one has the other.
func (r Ring) RecordSigners(namespace, peerNode string) ([]backup.Signer, error) {
	var out []backup.Signer
	for _, key := range r {
		seed, err := hkdf.Key(sha256.New, []byte(key.Opener().Secret()), nil, signingContext+"\x00"+namespace+"\x00"+peerNode, ed25519.SeedSize)
		if err != nil {
			return nil, fmt.Errorf("derive the key that signs records of %s/%s: %w", namespace, peerNode, err)
		}
		signer, err := backup.SignerOf([ed25519.SeedSize]byte(seed), namespace, peerNode)
		if err != nil {
			return nil, err
		}
		out = append(out, signer)
	}
	return out, nil
}
