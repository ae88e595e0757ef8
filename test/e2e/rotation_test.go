// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

// The overlap is longer than a kubelet takes to bring a list to an agent, so that the other one can follow.
const overlap = "150s"

func TestAPeerChangesItsKeyAndItsNeighbourFollows(t *testing.T) {
	ns := namespace(t)
	beta := agent(t, ns, "beta", builders.Declaring("alpha"))
	alpha := agent(t, ns, "alpha", builders.Declaring("beta"), func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: overlap}}
	})
	for _, p := range []*v1alpha1.PeerNode{alpha, beta} {
		awaitReady(t, p)
	}
	awaitConnected(t, alpha, beta)
	before, neighbour, old := asked(t, alpha), podOf(t, beta).UID, podOf(t, alpha).UID

	edit(t, alpha, func(p *v1alpha1.PeerNode) {
		metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1alpha1.AnnotationRotateKey, "now")
	})
	awaitStages(t, alpha, v1alpha1.KeyActive, v1alpha1.KeyPublished)
	if podOf(t, alpha).UID != old {
		t.Error("the pod was replaced before the others could know the new key")
	}
	awaitStages(t, alpha, v1alpha1.KeyRetiring, v1alpha1.KeyActive)
	awaitReason(t, alpha, v1alpha1.ConditionKeyRotated, v1alpha1.ReasonOverlapping)
	awaitReady(t, alpha)
	after := asked(t, alpha)
	if after.PeerID == before.PeerID || after.PeerID != alpha.Status.Identity.PeerID || after.Sequence < before.Sequence {
		t.Errorf("before the switch %+v, after it %+v, on record is %+v", before, after, alpha.Status.Identity)
	}
	awaitConnected(t, alpha, beta)

	awaitStages(t, alpha, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
	awaitConnected(t, alpha, beta)
	eventually(t, func() error {
		config := &corev1.ConfigMap{}
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "beta-config"}, config); err != nil {
			return err
		}
		if strings.Contains(config.Data["peers.yaml"], before.PeerID) {
			return fmt.Errorf("beta still lets %s in", before.PeerID)
		}
		return nil
	})
	if podOf(t, beta).UID != neighbour {
		t.Error("beta was restarted, though agents follow their lists")
	}
}

// awaitStages waits until the keys of a peer are on these stages. For the new ID to be known takes two minutes.
func awaitStages(t *testing.T, p *v1alpha1.PeerNode, want ...v1alpha1.KeyStage) {
	t.Helper()
	end := time.Now().Add(6 * time.Minute)
	for {
		must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(p), p))
		var stages []v1alpha1.KeyStage
		for _, e := range p.Status.Identity.Epochs {
			stages = append(stages, e.Stage)
		}
		if slices.Equal(stages, want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the keys of %s are %v, want %v; %+v", p.Name, stages, want, p.Status.Conditions)
		}
		time.Sleep(time.Second)
	}
}
