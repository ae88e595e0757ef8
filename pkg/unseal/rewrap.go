// SPDX-License-Identifier: Apache-2.0

package unseal

import (
	"slices"

	"github.com/peernode/operator/pkg/seal"
)

// Rewrap seals what is in the envelope to the ephemeral recipient, bound to the same place. Decide comes first.
func Rewrap(asked Asked, openers []seal.Opener) (seal.Envelope, *Refusal) {
	header := asked.Envelope.Header()
	ours := func(o seal.Opener) bool { return slices.Contains(header.Recipients, o.Recipient().Info()) }
	if !slices.ContainsFunc(openers, ours) {
		return seal.Envelope{}, refuse(EnvelopeForeign, "the envelope is not sealed to a sealing key of this cluster: it comes from another one, or the sealing key was lost; seal the key again with a recovery key")
	}
	opened, err := asked.Envelope.Open(header.Binding, openers...)
	if err != nil {
		return seal.Envelope{}, refuse(EnvelopeDamaged, "%s; bring the Secret back from a backup", err)
	}
	answer, err := seal.Seal(opened.Key, header.Binding, []seal.Recipient{asked.Recipient})
	if err != nil {
		return seal.Envelope{}, refuse(RequestMalformed, "the key cannot be sealed to the recipient: %s", err)
	}
	return answer, nil
}
