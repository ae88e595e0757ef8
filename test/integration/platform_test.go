// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

// partners are the addresses that the guides open peers to.
const partners = "203.0.113.0/24"

// What docs/platform-aws.md and docs/platform-gcp.md give as examples is taken by the API server as it stands there, serves on
// nodes of the group that it names, and leads from the outside to the peer.
func TestThePeersOfThePlatformGuidesServe(t *testing.T) {
	for name, c := range map[string]struct{ file, peer, store, group string }{
		"AWS": {"docs/examples/aws/peer.yaml", "alpha", "s3", "eks.amazonaws.com/nodegroup"},
		"GCP": {"docs/examples/gcp/peer.yaml", "beta", "gcs", "cloud.google.com/gke-nodepool"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			s.labelNodes(c.group, "peers")
			for _, o := range documents(t, c.file, "age1-YOUR-RECIPIENT", offline(t).Recipient().String(), "namespace: peers", "namespace: "+s.ns) {
				s.must(env.Admin.Create(s.Context(), o, strict))
			}
			p := &v1alpha1.PeerNode{}
			s.is(c.peer, p)
			s.serves(p)
			if stores := p.KeyStores(); len(stores) != 1 || stores[0] != c.store {
				t.Errorf("the key is copied into %v", stores)
			}
			s.is(c.store, &v1alpha1.PeerBackupStore{})
			s.isOpenTo(c.peer, partners)
			s.leadsTo(c.peer+"-public", c.peer+"-0", 8000)
		})
	}
}

// labelNodes puts all nodes into a group.
func (s *story) labelNodes(label, group string) {
	s.Helper()
	nodes := &corev1.NodeList{}
	s.must(env.Admin.List(s.Context(), nodes))
	for _, n := range nodes.Items {
		patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q}}}`, label, group)
		s.must(env.Admin.Patch(s.Context(), &n, client.RawPatch(types.MergePatchType, []byte(patch))))
	}
}

// isOpenTo looks whether the firewall of a peer lets a range of addresses in and out, and no other.
func (s *story) isOpenTo(peer, cidr string) {
	s.Helper()
	policy := &networkingv1.NetworkPolicy{}
	s.is(peer, policy)
	if in := policy.Spec.Ingress; len(in) != 1 || len(in[0].From) != 1 || in[0].From[0].IPBlock.CIDR != cidr || len(in[0].Ports) == 0 {
		s.Errorf("%s lets in %+v", peer, in)
	}
	var out []string
	for _, rule := range policy.Spec.Egress {
		for _, to := range rule.To {
			if to.IPBlock != nil {
				out = append(out, to.IPBlock.CIDR)
			}
		}
	}
	if len(out) != 1 || out[0] != cidr {
		s.Errorf("%s may go out to %v", peer, out)
	}
}

// leadsTo waits until a Service leads to a port of a pod, and to that alone.
func (s *story) leadsTo(service, pod string, port int32) {
	s.Helper()
	s.eventually(func() error {
		slices := &discoveryv1.EndpointSliceList{}
		if err := env.Admin.List(s.Context(), slices, client.InNamespace(s.ns), client.MatchingLabels{discoveryv1.LabelServiceName: service}); err != nil {
			return err
		}
		if len(slices.Items) != 1 || len(slices.Items[0].Endpoints) != 1 || len(slices.Items[0].Ports) != 1 {
			return fmt.Errorf("Service %s leads to %+v", service, slices.Items)
		}
		to, at := slices.Items[0].Endpoints[0].TargetRef, slices.Items[0].Ports[0].Port
		if to == nil || to.Name != pod || at == nil || *at != port {
			return fmt.Errorf("Service %s leads to %+v", service, slices.Items[0])
		}
		return nil
	})
}
