// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/crash"
)

// otherImage is what images are changed to.
const otherImage = "registry.example.com/p2p-agent:v2"

// retained is what stays, by default, of a PeerNode that is gone.
var retained = []string{"PersistentVolumeClaim/alpha-data", "Secret/alpha-identity-1", "PeerIdentityReservation/alpha-identity-1"}

func scenarios() []crash.Scenario {
	return append([]crash.Scenario{
		{
			Name: "create",
			When: crash.Step{Act: create(), Settled: serving("alpha")},
		},
		{
			Name:       "create with data Delete",
			When:       crash.Step{Act: create(builders.DeleteData), Settled: serving("alpha")},
			KilledOver: guards,
		},
		{
			Name:  "edit image",
			Given: created(),
			When: crash.Step{
				Act:     edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Image = otherImage }),
				Settled: all(serving("alpha"), podRuns("alpha", otherImage)),
			},
		},
		{
			Name:  "grow",
			Given: created(),
			When: crash.Step{
				Act:     edit("alpha", builders.WithSize("128Mi")),
				Settled: all(serving("alpha"), capacity("alpha", "128Mi")),
			},
		},
		{
			Name:  "suspend",
			Given: created(),
			When: crash.Step{
				Act:     edit("alpha", builders.Suspended),
				Settled: suspended("alpha"),
			},
		},
		{
			Name:  "resume",
			Given: steps(create(), serving("alpha"), edit("alpha", builders.Suspended), suspended("alpha")),
			When: crash.Step{
				Act:     edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Suspend = false }),
				Settled: serving("alpha"),
			},
		},
		{
			Name:  "edit network: open the API and let sources in",
			Given: created(),
			When: crash.Step{
				Act:     edit("alpha", openAPI),
				Settled: all(serving("alpha"), exists[*corev1.Service]("alpha-api")),
			},
		},
		{
			Name:  "edit network: close the API, whose Service goes",
			Given: steps(create(openAPI), serving("alpha"), exists[*corev1.Service]("alpha-api")),
			When: crash.Step{
				Act:     edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Network = v1alpha1.PeerNetwork{} }),
				Settled: all(serving("alpha"), gone[*corev1.Service]("alpha-api")),
			},
		},
		{
			Name:  "edit peers: two peers declare each other",
			Given: steps(two(), all(serving("alpha"), serving("beta")), all(proves("alpha"), proves("beta")), all(knows("alpha"), knows("beta"))),
			When: crash.Step{
				Act:     all(edit("alpha", builders.Declaring("beta")), edit("beta", builders.Declaring("alpha"))),
				Settled: all(resolved("alpha", "beta"), resolved("beta", "alpha")),
			},
		},
		{
			Name:  "refuse a pod template, then take a corrected one",
			Given: created(),
			When: crash.Step{
				Act:     edit("alpha", podTemplate(`{"spec":{"automountServiceAccountToken":true}}`)),
				Settled: stalled("alpha", v1alpha1.ReasonInvalidPodTemplate),
			},
			Afterwards: crash.Step{
				Act:     edit("alpha", podTemplate(`{"spec":{"nodeSelector":{"kubernetes.io/os":"linux"}}}`)),
				Settled: all(serving("alpha"), podSelects("alpha", "kubernetes.io/os")),
			},
		},
	}, slices.Concat(deletions(), exposures(), rotations(), []crash.Scenario{removal()}, refusals(), fleets())...)
}

// deletions are the ways in which a PeerNode can go, and come back.
func deletions() []crash.Scenario {
	return []crash.Scenario{
		{
			Name:  "delete with Retain",
			Given: created(),
			When:  crash.Step{Act: remove("alpha"), Settled: allGone("alpha"), Retained: retained},
		},
		{
			Name:        "delete with Delete",
			Given:       created(builders.DeleteData, builders.DeleteKeys),
			When:        crash.Step{Act: remove("alpha"), Settled: all(allGone("alpha"), gone[*corev1.PersistentVolumeClaim]("alpha-data"))},
			DeletesData: true,
		},
		{
			Name:        "delete data, keep keys",
			Given:       created(builders.DeleteData),
			When:        crash.Step{Act: remove("alpha"), Settled: all(allGone("alpha"), gone[*corev1.PersistentVolumeClaim]("alpha-data")), Retained: retained[1:]},
			DeletesData: true,
		},
		{
			Name:  "change Delete to Retain at the last moment",
			Given: created(builders.DeleteData),
			When:  crash.Step{Act: all(edit("alpha", keepData), remove("alpha")), Settled: allGone("alpha"), Retained: retained},
		},
		{
			Name:  "let an identity go",
			Given: created(),
			When:  crash.Step{Act: all(unreserve("alpha"), remove("alpha")), Settled: all(allGone("alpha"), unreserved("alpha")), Retained: retained[:2]},
		},
		{
			Name:  "recreate after Retain",
			Given: steps(create(), serving("alpha"), remove("alpha"), allGone("alpha")),
			When:  crash.Step{Act: create(), Settled: serving("alpha")},
		},
		{
			Name:  "delete and recreate at once",
			Given: created(),
			When:  crash.Step{Act: all(remove("alpha"), create()), Settled: serving("alpha")},
		},
		{
			Name:        "delete with Delete, then recreate",
			Given:       created(builders.DeleteData),
			When:        crash.Step{Act: remove("alpha"), Settled: allGone("alpha"), Retained: retained[1:]},
			Afterwards:  crash.Step{Act: create(), Settled: serving("alpha")},
			DeletesData: true,
		},
	}
}

func openAPI(p *v1alpha1.PeerNode) {
	sources := []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
	builders.API(p)
	p.Spec.Network.API.AllowFrom = sources
	p.Spec.Network.Peer = v1alpha1.PeerTraffic{AllowFrom: sources, AllowTo: sources}
}

// guards are the writes that "create" does not have: those to the PeerNode itself.
func guards(_, path string) bool { return strings.HasSuffix(path, "/peernodes/alpha") }

func keepData(p *v1alpha1.PeerNode) { p.Spec.DeletionPolicy.Data = v1alpha1.RetentionRetain }

func two() func(context.Context, *crash.World) error {
	return func(ctx context.Context, w *crash.World) error {
		for _, name := range []string{"alpha", "beta"} {
			if err := w.Admin.Create(ctx, builders.PeerNode(w.Namespace, name)); err != nil {
				return err
			}
		}
		return nil
	}
}
