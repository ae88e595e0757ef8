// SPDX-License-Identifier: Apache-2.0

package sealingkey_test

import (
	"testing"

	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/sealingkey/sealingkeytest"
)

func TestEachPeerHasAKeyOfItsOwnForRecordsWhichFollowsFromTheSealingKey(t *testing.T) {
	all := sealingkeytest.Ring(t, now, 1, 2) // the newest first
	one, two := all[1], all[0]
	seen := map[string]string{}
	for name, ring := range map[string]sealingkey.Ring{"one": {one}, "two": {two}} {
		for _, peer := range [][2]string{{"peers", "alpha"}, {"peers", "beta"}, {"others", "alpha"}} {
			signers, err := ring.RecordSigners(peer[0], peer[1])
			if err != nil || len(signers) != 1 || signers[0].Name() != peer[0]+"/"+peer[1] {
				t.Fatalf("%v: %v", err, signers)
			}
			public := signers[0].Public()
			if before, ok := seen[public]; ok {
				t.Errorf("%s of %v has the key of %s", name, peer, before)
			}
			seen[public] = name
		}
	}
	both, err := sealingkey.Ring{two, one}.RecordSigners("peers", "alpha")
	if err != nil || len(both) != 2 || seen[both[0].Public()] != "two" || seen[both[1].Public()] != "one" {
		t.Errorf("of two sealing keys the newer one does not come first, or a key is another than before: %v, %v", err, both)
	}
}
