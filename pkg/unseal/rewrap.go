// SPDX-License-Identifier: Apache-2.0

package unseal

import (
	"github.com/peernode/operator/pkg/seal"
)

// Rewrap seals what is in the envelope to the ephemeral recipient, bound to the same place. Decide comes first, and the
// envelope is sealed to one of the openers.
func Rewrap(asked Asked, openers []seal.Opener) (seal.Envelope, *Refusal) {
	header := asked.Envelope.Header()
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

// Foreign is why an envelope does not open that is sealed to no key of the unsealer: newest is the number of its newest
// one, and published that of the sealing key in use.
func Foreign(newest, published int) *Refusal {
	if published > newest {
		return refuse(SealingKeyNotMounted, "sealing key %d is in use, and the newest one of this replica of the unsealer is %d; another replica may have it", published, newest)
	}
	return refuse(EnvelopeForeign, "the envelope is not sealed to a sealing key of this cluster: it comes from another one, or the sealing key was lost or taken away; seal the key again with a recovery key")
}
