// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
)

// imports reports whether the spec brings a key along.
func imports(p *v1alpha1.PeerNode) bool {
	return p.Spec.Identity != nil && p.Spec.Identity.Import != nil
}

// readImport reads the envelope that the spec brings along.
func readImport(p *v1alpha1.PeerNode) (seal.Envelope, error) {
	if !imports(p) {
		return seal.Envelope{}, errors.New("spec.identity.import is not set")
	}
	envelope, err := seal.Read(strings.NewReader(p.Spec.Identity.Import.Envelope))
	if err != nil {
		return seal.Envelope{}, fmt.Errorf("spec.identity.import.envelope: %w", err)
	}
	return envelope, nil
}

// imported takes up the key that the spec brings along, in place of having one made. A Secret that is there already is
// that of an earlier try, or of an earlier PeerNode; the software shows whether it holds this key.
func imported(o Observed, b blueprint.Blueprint) keyStep {
	envelope, err := readImport(b.PeerNode)
	if err == nil {
		err = importable(o, b, envelope.Header())
	}
	if err != nil {
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonImportRefused, err.Error())}
	}
	key, err := envelope.Header().Public()
	if err != nil { // A header that was read has been checked.
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonImportRefused, err.Error())}
	}
	epoch := envelope.Header().Binding.Epoch
	switch {
	case o.KeyTaken:
		return keyStep{record: recordOf(b, key, epoch)}.claim(o, b, key, epoch)
	case o.KeyFree:
		return store(b, envelope, key, epoch).claim(o, b, key, epoch)
	}
	return keyStep{finding: conditions.Wait(v1alpha1.ReasonWaitingForKey, "the key in spec.identity.import is about to be stored")}
}

// importable compares the envelope with the peer, and with what is known of the peer's identity. Only its recipients could
// tell whether it opens.
func importable(o Observed, b blueprint.Blueprint, h seal.Header) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("spec.identity.import.envelope: "+format, args...)
	}
	if err := asOrdered(h, b, h.Binding.Epoch); err != nil {
		return refuse("%w", err)
	}
	key, err := h.Public()
	if err != nil { // A header that was read has been checked.
		return refuse("%w", err)
	}
	if want := expectedKey(b.PeerNode); want != "" && b.Kind.Key().Identity(key).PublicKey != want {
		return refuse("the key is not that of spec.identity.expectedPublicKey")
	}
	if opener := keyRecipients(o, b)[0]; !o.KeyTaken && !slices.Contains(h.Recipients, opener.Info()) {
		return refuse("it is not sealed to %s, so no pod of this peer could open it; seal it anew with peer-companion reseal", openerName(b))
	}
	return knownAs(o, b, key, h.Binding.Epoch)
}

// openerName is who opens the key of the peer for its pod.
func openerName(b blueprint.Blueprint) string {
	if b.Direct != nil {
		return "spec.identity.direct.recipient"
	}
	return "the sealing key that the unsealer of this cluster publishes"
}

// knownAs refuses a key where the peer is known by another one, or by this one under another number: a peer never goes
// back to a key.
func knownAs(o Observed, b blueprint.Blueprint, key identity.Public, epoch int64) error {
	known := latest(o, b.Kind.Key())
	if len(known) == 0 {
		return nil
	}
	name := resources.ReservationName(b.Kind.Key(), key)
	for _, r := range known {
		if r.Name == name && r.Spec.Epoch == epoch {
			return nil
		}
	}
	r := known[0]
	return fmt.Errorf("spec.identity.import.envelope holds %s as epoch %d, but PeerIdentityReservation %s says that this peer is %s, epoch %d; import that key, or, if no peer runs with it any more, delete the reservation",
		b.Kind.Key().Identity(key).PeerID, epoch, r.Name, r.Spec.PeerID, r.Spec.Epoch)
}

// restored stores the key that the spec brings along once more, where the Secret of it is gone.
func restored(o Observed, b blueprint.Blueprint, step keyStep) keyStep {
	if !o.KeyMissing || !sealable(o, b) || step.record == nil || step.blocked != nil || step.reserve != nil {
		return step
	}
	envelope, err := readImport(b.PeerNode)
	if err != nil || importable(o, b, envelope.Header()) != nil {
		return step
	}
	key, err := envelope.Header().Public()
	if err == nil && envelope.Header().Binding.Epoch == step.record.Epoch && b.Kind.Key().Identity(key).PublicKey == step.record.PublicKey {
		step.store = store(b, envelope, key, step.record.Epoch).store
	}
	return step
}
