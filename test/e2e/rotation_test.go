// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
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

// A fleet changes all its keys, again and again, while peers outside of the cluster shake hands with each of its peers. They
// are told by nothing but the status who a peer is. E2E_ROTATIONS says how many keys are changed in all.
func TestAFleetChangesItsKeysUnderTraffic(t *testing.T) {
	rotations := 3
	if text := os.Getenv("E2E_ROTATIONS"); text != "" {
		var err error
		rotations, err = strconv.Atoi(text)
		must(t, err)
	}
	must(t, installByHelm("--set", "peers.keyPropagation=15s"))
	t.Cleanup(func() { must(t, installByHelm()) })
	c, replicas := newCallers(t), min(5, rotations)
	c.ns = namespace(t)
	// A pod that has just become ready may cease to be so for a second; the fleet waits until that is over.
	f := fleet(t, c.ns, int32(replicas), builders.MinReady(5), builders.Template(c.admitted, func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "15s"}}
	}))
	c.accepted = followAccepted(t, c.ns)
	pods, err := testenv.FollowPods(t.Context(), config, c.ns, client.MatchingLabels{v1alpha1.LabelFleet: f.Name})
	must(t, err)
	defer pods.Stop()
	var names []string
	for ordinal := range int32(replicas) {
		names = append(names, peerOf(t, f, ordinal).Name)
	}

	ctx, end := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	calling.Go(func() { c.call(ctx, names) })
	defer func() { end(); calling.Wait() }()
	changed, begun := 0, time.Now()
	for round := int64(1); changed < rotations; round++ {
		editFleet(t, f, func(f *v1alpha1.PeerFleet) {
			metav1.SetMetaDataAnnotation(&f.ObjectMeta, v1alpha1.AnnotationRotateKey, strconv.FormatInt(round, 10))
		})
		for ordinal := range int32(replicas) {
			awaitEpoch(t, peerOf(t, f, ordinal), round+1)
		}
		changed += replicas
		t.Logf("%d of %d keys changed after %s", changed, rotations, time.Since(begun).Round(time.Second))
	}
	end()
	calling.Wait()
	took := time.Since(begun).Round(time.Second)
	c.accepted.stop()
	t.Logf("%s, %d handshakes, %d while the peer that was called was being replaced, %d failures; %d states of peers seen",
		took, c.made+c.missed+len(c.failures), c.missed, len(c.failures), c.accepted.seen)
	if len(c.failures) > 0 {
		t.Errorf("handshakes failed with peers that nobody was replacing: %s", strings.Join(c.failures[:min(5, len(c.failures))], "\n"))
	}
	if len(c.accepted.wrong) > 0 {
		t.Errorf("%d times a peer was not let in by one or two IDs: %s", len(c.accepted.wrong), c.accepted.wrong[0])
	}
	if least := pods.LeastKept(); least < replicas-1 {
		t.Errorf("%d pods of %d were not being replaced at the worst moment", least, replicas)
	}
	if least := int(took.Seconds()) * perSecond / 5; c.made < least {
		t.Errorf("%d handshakes in %s show little", c.made, took)
	}
}

// awaitEpoch waits until a peer runs with a key, and with no other beside it.
func awaitEpoch(t *testing.T, p *v1alpha1.PeerNode, epoch int64) {
	t.Helper()
	end := time.Now().Add(10 * time.Minute)
	for {
		must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(p), p))
		others := slices.ContainsFunc(p.Status.Identity.Epochs, func(e v1alpha1.KeyEpoch) bool {
			return e.Stage != v1alpha1.KeyRevoked && e.Epoch != epoch
		})
		if p.Status.Identity.Epoch == epoch && !others {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the keys of %s are %+v, want that of epoch %d alone; %+v", p.Name, p.Status.Identity.Epochs, epoch, p.Status.Conditions)
		}
		time.Sleep(time.Second)
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
