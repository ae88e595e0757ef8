// SPDX-License-Identifier: Apache-2.0

package peernode

// What this controller may do, and nothing it does not use. Secrets can be created and neither read nor changed.
//
// +kubebuilder:rbac:groups=peernode.dev,resources=peernodes,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=peernode.dev,resources=peernodes/status,verbs=patch
// +kubebuilder:rbac:groups=peernode.dev,resources=peernodes/finalizers,verbs=update
// +kubebuilder:rbac:groups=peernode.dev,resources=peeridentityreservations,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=peernode.dev,resources=peerfleets,verbs=get;list;watch
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackups;peerbackupstores,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=configmaps;services,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=create
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies;ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=cert-manager.io,resources=certificaterequests,verbs=get
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=tlsroutes,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
