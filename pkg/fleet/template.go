// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peer"
)

// template is the template with what the fleet adds to it. The operator's default image is written down, so that
// another default is a change like any other and goes through the gates.
func template(o Observed) v1alpha1.PeerNodeSpec {
	spec := *o.Fleet.Spec.Template.Spec.DeepCopy()
	if spec.Image == "" && spec.Software.P2PAgent != nil {
		spec.Image = o.Options.Defaults.P2PAgentImage
	}
	spec.Fleet = &v1alpha1.FleetMembership{Name: o.Fleet.Name, Spread: o.Fleet.Spec.Spread.DeepCopy()}
	return spec
}

// specOf is the spec of one peer: a template and its override. live is nil for a peer that does not exist.
func specOf(o Observed, from v1alpha1.PeerNodeSpec, ordinal int32, live *v1alpha1.PeerNode) v1alpha1.PeerNodeSpec {
	spec := *from.DeepCopy()
	for _, override := range o.Fleet.Spec.Overrides {
		if override.Ordinal == ordinal {
			lay(override, &spec)
		}
	}
	// A volume never shrinks, also when an override that made it larger is taken back.
	if live != nil && live.Spec.Storage.Size.Cmp(spec.Storage.Size) > 0 {
		spec.Storage.Size = live.Spec.Storage.Size
	}
	return spec
}

func lay(override v1alpha1.PeerOverride, spec *v1alpha1.PeerNodeSpec) {
	if override.Suspend != nil {
		spec.Suspend = *override.Suspend
	}
	if override.Image != "" {
		spec.Image = override.Image
	}
	if override.Storage != nil {
		if size, err := resource.ParseQuantity(string(override.Storage.Size)); err == nil { // admission refuses what is no size
			spec.Storage.Size = size
		}
	}
}

// blueprintOf is how the peers of a spec are run. The name is that of no peer in particular.
func blueprintOf(o Observed, spec v1alpha1.PeerNodeSpec, n peer.Neighbourhood) (blueprint.Blueprint, *conditions.Finding) {
	p := &v1alpha1.PeerNode{Spec: spec}
	p.Name, p.Namespace = o.Fleet.Name, o.Fleet.Namespace
	b, refused := blueprint.Of(p, n, o.Options)
	if refused != nil {
		return b, conditions.Refuse(refused.Reason, "spec.template: "+refused.Message)
	}
	return b, nil
}
