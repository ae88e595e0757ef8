// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/settings"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

// TestCreationCostsOwnedObjectsPlusTwo counts with an operator as it is in production, in the matter of how long it
// holds small changes of a status back.
func TestCreationCostsOwnedObjectsPlusTwo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		modify func(*v1alpha1.PeerNode)
		owned  int
		reason string
	}{
		"the smallest p2p-agent: seven objects, and a Job, a Secret and a reservation for its key": {func(*v1alpha1.PeerNode) {}, 10, v1alpha1.ReasonServing},
		"custom software without files: six objects, no key":                                       {builders.Custom, 6, v1alpha1.ReasonServing},
		"a p2p-agent whose API is open: a Service and a Certificate more":                          {openAPI, 12, v1alpha1.ReasonServing},
		"a p2p-agent that is created suspended":                                                    {builders.Suspended, 10, v1alpha1.ReasonSuspended},
		"a p2p-agent that is exposed: one Service more":                                            {exposedAs(v1alpha1.Exposure{Type: corev1.ServiceTypeLoadBalancer}), 11, v1alpha1.ReasonServing},
		"data that may be deleted: a finalizer as well":                                            {builders.DeleteData, 11, v1alpha1.ReasonServing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			writes, err := creation(t, c.modify, c.reason)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d: %v", len(writes), audit.CountBy(writes, audit.VerbAndResource))
			if took := time.Since(begun); took > settings.DefaultSettle {
				t.Skipf("the start took %s on this machine; a start that long may tell of a wait in between", took)
			}
			if len(writes) < c.owned || len(writes) > c.owned+2 {
				t.Errorf("creation took %d writes, want %d and at most 2 more", len(writes), c.owned)
			}
		})
	}
}

// creation makes a PeerNode and returns what the operator wrote until it had nothing left to write.
func creation(t *testing.T, modify func(*v1alpha1.PeerNode), reason string) ([]audit.Entry, error) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "cost-"}}
	if err := env.Admin.Create(t.Context(), ns); err != nil {
		return nil, err
	}
	log, err := env.NewAuditLog()
	if err != nil {
		return nil, err
	}
	operator, err := env.StartOperator(t.Context(), testenv.OperatorOptions{Namespaces: []string{ns.Name}, Settle: settings.DefaultSettle})
	if err != nil {
		return nil, err
	}
	p := builders.PeerNode(ns.Name, "alpha", modify)
	err = env.Admin.Create(t.Context(), p)
	if err == nil {
		err = testenv.Eventually(t.Context(), func() error {
			if err := env.Admin.Get(t.Context(), types.NamespacedName{Namespace: ns.Name, Name: "alpha"}, p); err != nil {
				return err
			}
			if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady); c.Reason != reason {
				return fmt.Errorf("Ready has the reason %q, want %q", c.Reason, reason)
			}
			return nil
		})
	}
	time.Sleep(3 * time.Second) // Events are sent beside everything else.
	writes, logErr := log.Writes(ns.Name, 0)
	return writes, errors.Join(err, logErr, operator.Stop())
}
