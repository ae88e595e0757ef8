// SPDX-License-Identifier: Apache-2.0

// Package fleet turns what was observed of a fleet into what is to be done and told. It is pure: the same
// observation always leads to the same plan.
//
// A fleet writes PeerNodes and nothing below them. What restarts a peer passes the gates of package gate first;
// everything else is applied at once.
package fleet

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/neighbours"
	"github.com/peernode/operator/pkg/settings"
)

// Observed is everything that was read about one fleet. It is complete: a part that could not be read ends the
// reconcile before anything is decided, so that "not read" can never look like "not there".
type Observed struct {
	Options settings.Operator
	// Fleet is as its author wrote it, without defaults.
	Fleet *v1alpha1.PeerFleet
	// Peers are the PeerNodes under the names of the wanted ordinals, and those that carry the fleet's label.
	Peers map[string]*v1alpha1.PeerNode
	// HeldBy are the PeerBackups that have peers stopped, by the names of the peers.
	HeldBy map[string]string
	// Declared are the peers and fleets that the template declares.
	Declared neighbours.Declared
	// Now is the time of the observation.
	Now time.Time
	// Objects are the live objects under the names that the fleet itself needs, and the templates on record.
	Objects map[intent.Ref]intent.Object
}

var (
	kindPeerNode  = v1alpha1.SchemeGroupVersion.WithKind("PeerNode")
	kindConfigMap = corev1.SchemeGroupVersion.WithKind("ConfigMap")
	kindRevision  = appsv1.SchemeGroupVersion.WithKind("ControllerRevision")
	kindBudget    = policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget")
)

// Owned lists the objects that a fleet needs beside its PeerNodes.
func Owned(f *v1alpha1.PeerFleet, o settings.Operator) ([]intent.Ref, error) {
	hash, err := hashOf(template(Observed{Fleet: f, Options: o}))
	if err != nil {
		return nil, err
	}
	return []intent.Ref{
		Members(f),
		{GroupVersionKind: kindBudget, NamespacedName: types.NamespacedName{Namespace: f.Namespace, Name: names.Budget(f.Name)}},
		RevisionRef(f, names.Revision(f.Name, hash)),
	}, nil
}

// Members names the list of peers.
func Members(f *v1alpha1.PeerFleet) intent.Ref {
	return intent.Ref{GroupVersionKind: kindConfigMap, NamespacedName: types.NamespacedName{Namespace: f.Namespace, Name: names.Members(f.Name)}}
}

// RevisionRef names a template on record.
func RevisionRef(f *v1alpha1.PeerFleet, name string) intent.Ref {
	return intent.Ref{GroupVersionKind: kindRevision, NamespacedName: types.NamespacedName{Namespace: f.Namespace, Name: name}}
}

// PeerRef names the PeerNode of the fleet with a name.
func PeerRef(f *v1alpha1.PeerFleet, name string) intent.Ref {
	return intent.Ref{GroupVersionKind: kindPeerNode, NamespacedName: types.NamespacedName{Namespace: f.Namespace, Name: name}}
}

// evictable is how many pods a drain may still take, negative while nobody has counted for the present budget.
func (o Observed) evictable() int {
	for _, object := range o.Objects {
		if budget, ok := object.(*policyv1.PodDisruptionBudget); ok && budget.Status.ObservedGeneration == budget.Generation {
			return int(budget.Status.DisruptionsAllowed)
		}
	}
	return -1
}
