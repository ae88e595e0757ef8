// SPDX-License-Identifier: Apache-2.0

package unseal_test

import (
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/unseal"
)

// Which keys of a peer that rotates are opened: the one in use and the one of before, each with its own name.
func TestWhichKeysOfARotatingPeerAreOpened(t *testing.T) {
	at := func(epoch int64, stage v1alpha1.KeyStage, peerID string) v1alpha1.KeyEpoch {
		return v1alpha1.KeyEpoch{Epoch: epoch, Stage: stage, PeerID: peerID}
	}
	// Epoch 5 is in use. Of 1 and 2 nothing is on record any more.
	record := []v1alpha1.KeyEpoch{at(3, v1alpha1.KeyRevoked, "three"), at(4, v1alpha1.KeyRetiring, "four"), at(5, v1alpha1.KeyActive, "five"), at(6, v1alpha1.KeyRevoked, "six"), at(7, v1alpha1.KeyPublished, "seven"), at(8, v1alpha1.KeyPending, "")}
	for name, c := range map[string]struct {
		epoch, minimum int64
		peerID         string
		want           unseal.Reason
	}{
		"One that is forgotten.":                             {1, 0, "one", unseal.EpochRevoked},
		"One that was revoked.":                              {3, 0, "three", unseal.EpochRevoked},
		"The one of before.":                                 {4, 0, "four", ""},
		"The one of before, and it is compromised.":          {4, 5, "four", unseal.EpochRevoked},
		"The one in use.":                                    {5, 5, "five", ""},
		"The one in use, and it is compromised.":             {5, 6, "five", unseal.EpochRevoked},
		"The one in use, with another's name.":               {5, 0, "four", unseal.WrongKey},
		"The one of before, with another's name.":            {4, 0, "five", unseal.WrongKey},
		"One that was never used.":                           {6, 0, "six", unseal.EpochRevoked},
		"The next one.":                                      {7, 0, "seven", unseal.EpochNotInUse},
		"The next one, while the one in use is compromised.": {7, 6, "seven", unseal.EpochNotInUse},
		"One that is being made.":                            {8, 0, "eight", unseal.EpochNotInUse},
		"One that never was.":                                {9, 0, "nine", unseal.EpochNotInUse},
	} {
		w := newWorld()
		w.PeerNode.Status.Identity = &v1alpha1.PeerIdentityStatus{Epoch: 5, PeerID: "five", Epochs: record, MinimumEpoch: c.minimum}
		w.Header.Binding.Epoch, w.Header.PeerID = c.epoch, c.peerID
		got := unseal.Reason("")
		if refusal := w.asks(); refusal != nil {
			got = refusal.Reason
		}
		if got != c.want {
			t.Errorf("%s the answer is %q, want %q", name, got, c.want)
		}
	}
}
