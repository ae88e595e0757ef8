// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// calm is longer than the operator holds back small changes of a status and looks at the probe several times.
const calm = testenv.Settle + 4*time.Second

// policed is a namespace whose operator asks a probe.
type policed struct {
	*testing.T
	ns      string
	network *testenv.Network
	log     *testenv.AuditLog
}

// inANetwork begins where the operator believes to have an address of this machine.
func inANetwork(t *testing.T, self string) *policed {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "network-"}}
	if err := env.Admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	log, err := env.NewAuditLog()
	if err != nil {
		t.Fatal(err)
	}
	network, err := testenv.NewNetwork(&env.Programs, self)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	})
	return &policed{T: t, ns: ns.Name, network: network, log: log}
}

// operate starts the operator; the answer stops it.
func (p *policed) operate() func() {
	p.Helper()
	return release(p.T, p.ns, func(o *settings.Operator) { o.Probe = p.network.Probe })
}

// enforce has the network enforce policies, or not.
func (p *policed) enforce(enforced bool) {
	p.Helper()
	if err := p.network.Run(enforced); err != nil {
		p.Fatal(err)
	}
}

// tells waits until a peer tells what is known.
func (p *policed) tells(name string, status metav1.ConditionStatus, reason string) {
	p.Helper()
	eventually(p.T, func() error {
		peer := &v1alpha1.PeerNode{}
		if err := env.Admin.Get(p.Context(), types.NamespacedName{Namespace: p.ns, Name: name}, peer); err != nil {
			return err
		}
		c := conditions.Find(peer.Status.Conditions, v1alpha1.ConditionNetworkPolicyEnforced)
		if c.Status != status || c.Reason != reason {
			return fmt.Errorf("%s tells %s, %s (%s), want %s, %s", name, c.Status, c.Reason, c.Message, status, reason)
		}
		if ready := conditions.Find(peer.Status.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue {
			return fmt.Errorf("%s is not ready: %s", name, ready.Reason)
		}
		return nil
	})
}

// rest waits until nothing has been written for a while, in which the operator went on looking.
func (p *policed) rest() {
	p.Helper()
	eventually(p.T, func() error {
		before := p.network.Looks()
		writes, err := p.log.During(p.ns, calm)
		if err != nil {
			return err
		}
		if looks := p.network.Looks() - before; len(writes) > 0 || looks < 4 {
			return fmt.Errorf("%d writes and %d looks: %v", len(writes), looks, audit.CountBy(writes, audit.VerbAndResource))
		}
		return nil
	})
}

// mark is now.
func (p *policed) mark() testenv.Mark {
	p.Helper()
	mark, err := p.log.Mark(p.ns)
	if err != nil {
		p.Fatal(err)
	}
	return mark
}

// wrote compares what was written since a mark, until nothing more is.
func (p *policed) wrote(since testenv.Mark, want map[string]int) {
	p.Helper()
	time.Sleep(calm)
	writes, err := p.log.Writes(p.ns, since)
	if err != nil {
		p.Fatal(err)
	}
	got := maps.Clone(audit.CountBy(writes, audit.VerbAndResource))
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("writes (-want +got):\n%s", diff)
	}
}

// Each change is one write for each peer, with an event where a peer is less closed than its spec says, and nothing else is.
func TestWhatIsKnownOfPoliciesIsToldOnceByEveryPeer(t *testing.T) {
	t.Parallel()
	p := inANetwork(t, "127.0.0.1")
	p.enforce(true)
	stop := p.operate()
	for _, name := range []string{"alpha", "beta"} {
		if err := env.Admin.Create(t.Context(), builders.PeerNode(p.ns, name, builders.Custom)); err != nil {
			t.Fatal(err)
		}
	}
	both := func(status metav1.ConditionStatus, reason string) {
		t.Helper()
		p.tells("alpha", status, reason)
		p.tells("beta", status, reason)
	}
	both(metav1.ConditionTrue, v1alpha1.ReasonEnforced)
	p.rest()

	stop()
	mark, looks := p.mark(), p.network.Looks()
	p.operate()
	eventually(t, func() error {
		if now := p.network.Looks(); now < looks+2*p.network.Probe.Pace.Confirm {
			return fmt.Errorf("the operator has looked %d times since its start", now-looks)
		}
		return nil
	})
	p.wrote(mark, map[string]int{})

	p.enforce(false)
	both(metav1.ConditionFalse, v1alpha1.ReasonNotEnforced)
	p.wrote(mark, map[string]int{"patch peernodes/status": 2, "create events": 2})

	mark = p.mark()
	if err := p.network.Silence(); err != nil {
		t.Fatal(err)
	}
	both(metav1.ConditionUnknown, v1alpha1.ReasonProbeUnreachable)
	p.wrote(mark, map[string]int{"patch peernodes/status": 2})

	mark = p.mark()
	p.enforce(true)
	both(metav1.ConditionTrue, v1alpha1.ReasonEnforced)
	p.wrote(mark, map[string]int{"patch peernodes/status": 2})
}

// The operator takes itself for another address of this machine than that from which it asks.
func TestSourceNATIsHeldAgainstRangesOfAddresses(t *testing.T) {
	t.Parallel()
	p := inANetwork(t, "127.0.0.2")
	p.enforce(true)
	p.operate()
	ranges := func(n *v1alpha1.PeerNode) {
		n.Spec.Network.Peer.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
	}
	for name, change := range map[string]func(*v1alpha1.PeerNode){"alpha": ranges, "beta": func(*v1alpha1.PeerNode) {}} {
		if err := env.Admin.Create(t.Context(), builders.PeerNode(p.ns, name, builders.Custom, change)); err != nil {
			t.Fatal(err)
		}
	}
	p.tells("alpha", metav1.ConditionFalse, v1alpha1.ReasonSourceAddressHidden)
	p.tells("beta", metav1.ConditionTrue, v1alpha1.ReasonEnforced)
	p.rest()
}
