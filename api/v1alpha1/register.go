// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// SchemeGroupVersion is the group and version of every kind in this package. The generated apply
// configurations refer to it by this name.
var SchemeGroupVersion = schema.GroupVersion{Group: "peernode.dev", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	builder := runtime.NewSchemeBuilder(addKnownTypes)
	return builder.AddToScheme(scheme)
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&PeerNode{}, &PeerNodeList{}, &PeerFleet{}, &PeerFleetList{}, &PeerIdentityReservation{}, &PeerIdentityReservationList{},
		&PeerBackupStore{}, &PeerBackupStoreList{}, &PeerBackup{}, &PeerBackupList{})
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
