// SPDX-License-Identifier: Apache-2.0

// Package plan turns what was observed of a peer into what is to be done and told. It is pure: the same
// observation always leads to the same plan.
package plan

import (
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/neighbours"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/settings"
)

// Observed is everything that was read about one peer. It is complete: a part that could not be read ends the
// reconcile before anything is decided, so that "not read" can never look like "not there".
type Observed struct {
	Options settings.Operator
	// PeerNode is as its author wrote it, without defaults.
	PeerNode *v1alpha1.PeerNode
	// Objects are the live objects under the names that the peer needs; absent ones are missing from the map.
	Objects map[intent.Ref]intent.Object
	// Pod is nil while there is none.
	Pod *corev1.Pod
	// KeyMissing is true when the Secret of the recorded key was looked for and is not there.
	KeyMissing bool
	// OpenerMissing is true when a pod that opens its key by itself has waited for its volumes for a while, and the Secret
	// with the private key for it was looked for and is not there. Into a CSI volume nobody can look; then it is true of
	// every such wait.
	OpenerMissing bool
	// KeyTaken and KeyFree are the answer of the API server to whether the Secret of a key is there that is not on
	// record; neither is true until it was asked.
	KeyTaken, KeyFree bool
	// KeyPods are the pods of the Job that makes the key.
	KeyPods []*corev1.Pod
	// Stores are the PeerBackupStores that the spec names, by their names; those that do not exist are missing from the map.
	Stores map[string]*v1alpha1.PeerBackupStore
	// HeldBy is the PeerBackup that keeps the peer stopped, nil where none does.
	HeldBy *v1alpha1.PeerBackup
	// Restore is what is known of the backup with which the peer is to begin.
	Restore Restoring
	// LatestBackup is the newest good backup of the peer in the store of spec.backup, nil where there is none.
	LatestBackup *v1alpha1.PeerBackup
	// CopyPods are the pods of the Jobs that copy a key, by the names of the Jobs.
	CopyPods map[string][]*corev1.Pod
	// CertManager is whether the API server serves the Certificates of cert-manager.
	CertManager bool
	// GatewayAPI is whether the API server serves TLSRoutes.
	GatewayAPI bool
	// CertificateRequest is the request of the name that CertificateRequest gives, nil where there is none.
	CertificateRequest *certmanagerv1.CertificateRequest
	// Reservations are, by their names, those that name this PeerNode, and those of its Claims, whomever they name.
	Reservations map[string]*v1alpha1.PeerIdentityReservation
	// Watching is since when the operator has been running.
	Watching time.Time
	// Sealing is what the unsealer publishes, nil while it has published nothing.
	Sealing *sealingkey.Published
	// SealingDamage is why what it publishes cannot be used, "" where it can, or where it publishes nothing.
	SealingDamage string
	// Unanswered is true when the pod has asked the unsealer for its key in vain for a while.
	Unanswered bool
	// LookAgain is when to observe anew though nothing may have happened, 0 for never.
	LookAgain time.Duration
	// Enforcement is what is known of whether NetworkPolicies are enforced.
	Enforcement enforcement.Word
	// Declared are the peers and fleets that it declares.
	Declared neighbours.Declared
}

// Kinds of the objects that a peer owns.
var (
	kindServiceAccount      = corev1.SchemeGroupVersion.WithKind("ServiceAccount")
	kindConfigMap           = corev1.SchemeGroupVersion.WithKind("ConfigMap")
	kindClaim               = corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim")
	kindService             = corev1.SchemeGroupVersion.WithKind("Service")
	kindNetworkPolicy       = networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy")
	kindPodDisruptionBudget = policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget")
	kindStatefulSet         = appsv1.SchemeGroupVersion.WithKind("StatefulSet")
	kindCertificate         = certmanagerv1.SchemeGroupVersion.WithKind("Certificate")
	kindIngress             = networkingv1.SchemeGroupVersion.WithKind("Ingress")
	kindRoute               = schema.GroupVersion(gatewayv1.GroupVersion).WithKind("TLSRoute")
	kindJob                 = batchv1.SchemeGroupVersion.WithKind("Job")
	kindCronJob             = batchv1.SchemeGroupVersion.WithKind("CronJob")
)

// Certificate is that of the API of a peer. Where there is no cert-manager there is no such kind.
func Certificate(p *v1alpha1.PeerNode) intent.Ref {
	return intent.Ref{GroupVersionKind: kindCertificate, NamespacedName: types.NamespacedName{Namespace: p.Namespace, Name: names.API(p)}}
}

// Route is that of the API of a peer. Where there is no Gateway API there is no such kind.
func Route(p *v1alpha1.PeerNode) intent.Ref {
	return intent.Ref{GroupVersionKind: kindRoute, NamespacedName: types.NamespacedName{Namespace: p.Namespace, Name: names.API(p)}}
}

// Owned lists every object that a peer can ever own, but for keys, which are written once and never read, for CopyJobs and for RestoreJob.
func Owned(p *v1alpha1.PeerNode) []intent.Ref {
	ref := func(kind schema.GroupVersionKind, name string) intent.Ref {
		return intent.Ref{GroupVersionKind: kind, NamespacedName: types.NamespacedName{Namespace: p.Namespace, Name: name}}
	}
	owned := []intent.Ref{
		ref(kindServiceAccount, names.Workload(p)),
		ref(kindConfigMap, names.Config(p)),
		ref(kindClaim, names.Data(p)),
		ref(kindService, names.Workload(p)),
		ref(kindService, names.API(p)),
		Certificate(p),
		Route(p),
		ref(kindIngress, names.API(p)),
		ref(kindService, names.PeerService(p)),
		ref(kindService, names.ExternalAPI(p)),
		ref(kindNetworkPolicy, names.Workload(p)),
		ref(kindNetworkPolicy, names.KeyCopies(p)),
		ref(kindPodDisruptionBudget, names.Workload(p)),
		ref(kindJob, names.KeyJob(p, KeyEpoch(p))),
		ref(kindStatefulSet, names.Workload(p)),
		ref(kindCronJob, names.BackupSchedule(p)),
	}
	if p.Spec.Bootstrap != nil || p.Status.Bootstrap != nil {
		owned = append(owned, ref(kindNetworkPolicy, names.Restore(p)))
	}
	return owned
}

// stops reports whether the peer is to be stopped: by its spec, or for a copy of its data.
func (o Observed) stops() bool { return o.PeerNode.Spec.Suspend || o.HeldBy != nil }

// claim returns the live volume claim, nil where there is none.
func (o Observed) claim() *corev1.PersistentVolumeClaim {
	for _, object := range o.Objects {
		if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
			return claim
		}
	}
	return nil
}

// statefulSet returns the live StatefulSet, nil where there is none.
func (o Observed) statefulSet() *appsv1.StatefulSet {
	for _, object := range o.Objects {
		if set, ok := object.(*appsv1.StatefulSet); ok {
			return set
		}
	}
	return nil
}

// keyJob returns the live Job that makes the key, nil where there is none.
func (o Observed) keyJob() *batchv1.Job {
	for ref, object := range o.Objects {
		if job, ok := object.(*batchv1.Job); ok && ref.Name == names.KeyJob(o.PeerNode, KeyEpoch(o.PeerNode)) {
			return job
		}
	}
	return nil
}

// unsealerCA is what the unsealer publishes; while it publishes nothing, what the peer's pods have known so far.
func (o Observed) unsealerCA() string {
	if o.Sealing != nil {
		return string(o.Sealing.CA)
	}
	for _, object := range o.Objects {
		if config, ok := object.(*corev1.ConfigMap); ok {
			return resources.UnsealerCA(config)
		}
	}
	return ""
}

// foreign reports whether somebody else made the object. Objects without an owner reference are the volume
// claims, which are known by their labels alone, so that a PeerNode of the same name takes them up again.
func (o Observed) foreign(object intent.Object) bool {
	return !gate.Ours(o.PeerNode, object)
}

// previous reports whether the object is on its way out, or belongs to a deleted PeerNode of the same name whose
// objects the garbage collector has not reached yet.
func (o Observed) previous(object intent.Object) bool {
	if object.GetDeletionTimestamp() != nil {
		return true
	}
	owner := metav1.GetControllerOf(object)
	return owner != nil && owner.UID != o.PeerNode.UID
}
