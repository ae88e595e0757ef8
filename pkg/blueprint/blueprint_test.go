// SPDX-License-Identifier: Apache-2.0

package blueprint_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
)

// operator are the settings of the operator.
func operator(change ...func(*settings.Operator)) settings.Operator {
	o := settings.Operator{Resources: resources.Options{CompanionImage: "registry.example.com/peer-companion:v1", UnsealerNamespace: "peernode-system"}}
	for _, c := range change {
		c(&o)
	}
	return o
}

func agent() v1alpha1.PeerNodeSpec {
	return v1alpha1.PeerNodeSpec{
		Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}},
		Image:    "registry.example.com/p2p-agent:v1",
		Storage:  v1alpha1.PeerStorage{Size: resource.MustParse("1Gi")},
		Fleet:    &v1alpha1.FleetMembership{Name: "alpha"},
	}
}

func TestWhatCannotBeRunIsRefusedByItsField(t *testing.T) {
	for name, c := range map[string]struct {
		change          func(*v1alpha1.PeerNodeSpec)
		reason, message string
	}{
		"It can be run.":         {func(*v1alpha1.PeerNodeSpec) {}, "", ""},
		"No software.":           {func(s *v1alpha1.PeerNodeSpec) { s.Software = v1alpha1.PeerSoftware{} }, "InvalidSoftware", "spec.software"},
		"No image.":              {func(s *v1alpha1.PeerNodeSpec) { s.Image = "" }, "NoImage", "spec.image"},
		"A patch without sense.": {patch(`{"spec":{"nodeSelector":7}}`), "InvalidPodTemplate", "spec.podTemplate"},
		"A recipient that is none.": {func(s *v1alpha1.PeerNodeSpec) {
			s.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{"age1qqqq"}}
		}, "InvalidRecipient", "spec.identity.recoveryRecipients[0]"},
		"A recipient in place of the unsealer that is none.": {func(s *v1alpha1.PeerNodeSpec) {
			s.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{Recipient: "age1qqqq", Secret: &v1alpha1.DirectSecret{Name: "opener"}}}
		}, "InvalidRecipient", "spec.identity.direct.recipient"},
		"A private key from nowhere.": {func(s *v1alpha1.PeerNodeSpec) {
			s.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{Recipient: recipient}}
		}, "InvalidRecipient", "spec.identity.direct names no place"},
		"A probe without a port.": {withProbe, "InvalidSoftware", "spec.software.custom.probes.liveness"},
	} {
		p := &v1alpha1.PeerNode{Spec: agent()}
		c.change(&p.Spec)
		b, refused := blueprint.Of(p, peer.Neighbourhood{}, operator())
		switch {
		case c.reason == "" && refused != nil:
			t.Errorf("%s refused: %+v", name, refused)
		case c.reason == "" && b.StatefulSet == nil:
			t.Errorf("%s there is no StatefulSet", name)
		case c.reason != "" && (refused == nil || !refused.Stalled || refused.Reason != c.reason || !strings.Contains(refused.Message, c.message)):
			t.Errorf("%s refused: %+v, want %s that names %s", name, refused, c.reason, c.message)
		case b.PeerNode == nil:
			t.Errorf("%s the PeerNode with its defaults is missing", name)
		}
	}
}

// A hash that changed without the pod would restart a fleet for nothing; one that stayed would restart it all at once.
func TestThePodOfAFleetChangesWithThePodAlone(t *testing.T) {
	before := blueprint.PodOfFleet("peers", "alpha", agent(), operator())
	if before == "" {
		t.Fatal("the spec cannot be run")
	}
	for name, c := range map[string]struct {
		change   func(*v1alpha1.PeerNodeSpec)
		operator settings.Operator
		same     bool
	}{
		"Parked.":                    {func(s *v1alpha1.PeerNodeSpec) { s.Suspend = true }, operator(), true},
		"A larger volume.":           {func(s *v1alpha1.PeerNodeSpec) { s.Storage.Size = resource.MustParse("2Gi") }, operator(), true},
		"A peer that is let in.":     {func(s *v1alpha1.PeerNodeSpec) { s.Network.Peers = []v1alpha1.PeerReference{{Name: "beta"}} }, operator(), true},
		"Another image.":             {func(s *v1alpha1.PeerNodeSpec) { s.Image = "registry.example.com/p2p-agent:v2" }, operator(), false},
		"A file read at the start.":  {func(s *v1alpha1.PeerNodeSpec) { s.Software.P2PAgent.MaxPeers = 7 }, operator(), false},
		"Another spread.":            {func(s *v1alpha1.PeerNodeSpec) { s.Fleet.Spread = &v1alpha1.PeerSpread{TopologyKey: "rack"} }, operator(), false},
		"A key opened directly.":     {openedDirectly, operator(), false},
		"An operator that differs.":  {func(*v1alpha1.PeerNodeSpec) {}, operator(func(o *settings.Operator) { o.Resources.HostUsers = true }), false},
		"A default that is not used": {func(*v1alpha1.PeerNodeSpec) {}, operator(func(o *settings.Operator) { o.Defaults.P2PAgentImage = "other:v1" }), true},
	} {
		spec := agent()
		c.change(&spec)
		if after := blueprint.PodOfFleet("peers", "alpha", spec, c.operator); (after == before) != c.same || after == "" {
			t.Errorf("%s the pod was %s and is %s, want the same: %v", name, before, after, c.same)
		}
	}
	if got := blueprint.PodOfFleet("peers", "alpha", v1alpha1.PeerNodeSpec{}, operator()); got != "" {
		t.Errorf("a spec that cannot be run has pod %s", got)
	}
}

// recipient is a public key of age.
const recipient = "age1rw9p6halpghnrlprnm5pvvmq0tn7wha2ragtew3yx6kuukwvsuasn8qr30"

func openedDirectly(s *v1alpha1.PeerNodeSpec) {
	s.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{Recipient: recipient, Secret: &v1alpha1.DirectSecret{Name: "opener"}}}
}

func patch(raw string) func(*v1alpha1.PeerNodeSpec) {
	return func(s *v1alpha1.PeerNodeSpec) { s.PodTemplate = &runtime.RawExtension{Raw: []byte(raw)} }
}

func withProbe(s *v1alpha1.PeerNodeSpec) {
	s.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{
		Command: []string{"/peer"}, DataPath: "/data",
		Probes: v1alpha1.CustomProbes{Liveness: &v1alpha1.CustomProbe{TCPSocket: &v1alpha1.TCPSocketProbe{}}},
	}}
}
