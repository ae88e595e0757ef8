// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/settings"
)

// Observed is what was read about a store.
type Observed struct {
	// Store is what the user wrote, and what was told of it last.
	Store *v1alpha1.PeerBackupStore
	// Objects are those of Owned that exist.
	Objects map[intent.Ref]intent.Object
	// Pods are those of the Job that makes the next check.
	Pods []*corev1.Pod
	// PrunePods are those of the Job that removes old backups next, and Backups those of the namespace, where spec.retention is set.
	PrunePods []*corev1.Pod
	Backups   []*v1alpha1.PeerBackup
	// Options are the operator's own settings.
	Options settings.Operator
	// Now is when this was read.
	Now time.Time
}

// PolicyRef is the NetworkPolicy of the pods that check a store.
func PolicyRef(s *v1alpha1.PeerBackupStore) intent.Ref {
	return ref(s, networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), names.StoreCheck(s))
}

// JobRef is the Job that makes the next check, which may not be due yet.
func JobRef(s *v1alpha1.PeerBackupStore) intent.Ref {
	return ref(s, batchv1.SchemeGroupVersion.WithKind("Job"), names.StoreCheckJob(s))
}

func ref(s *v1alpha1.PeerBackupStore, kind schema.GroupVersionKind, name string) intent.Ref {
	return intent.Ref{GroupVersionKind: kind, NamespacedName: types.NamespacedName{Namespace: s.Namespace, Name: name}}
}

// previous reports whether an object is on its way out, or belongs to a deleted store of the same name.
func (o Observed) previous(object intent.Object) bool {
	owner := metav1.GetControllerOf(object)
	return object.GetDeletionTimestamp() != nil || owner != nil && owner.UID != o.Store.UID
}
