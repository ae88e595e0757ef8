// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

func TestCreationCostsOwnedObjectsPlusTwo(t *testing.T) {
	ns := namespace(t)
	log := audit.NewReader(env.AuditLogPath())
	if err := log.SkipToEnd(); err != nil {
		t.Fatal(err)
	}
	p := builders.PeerNode(ns, "alpha")
	if err := env.Admin.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	waitForReason(t, p, v1alpha1.ConditionReady, v1alpha1.ReasonServing)
	time.Sleep(3 * time.Second)
	entries, err := log.Read()
	if err != nil {
		t.Fatal(err)
	}
	var mine []audit.Entry
	for _, e := range audit.Mutations(entries, audit.ByUser(testenv.OperatorUser)) {
		if e.Namespace == ns {
			mine = append(mine, e)
		}
	}
	t.Logf("%v", audit.CountBy(mine, audit.VerbAndResource))
	const owned = 8 // seven objects and the key
	if len(mine) > owned+2 {
		t.Errorf("creation took %d mutating requests, want at most %d", len(mine), owned+2)
	}
}

func waitForReason(t *testing.T, p *v1alpha1.PeerNode, conditionType, reason string) {
	t.Helper()
	err := testenv.Eventually(t.Context(), func() error {
		if err := env.Admin.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		c := conditions.Find(p.Status.Conditions, conditionType)
		if c.Reason != reason {
			return fmt.Errorf("%s has reason %q (%s), want %q", conditionType, c.Reason, c.Message, reason)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
