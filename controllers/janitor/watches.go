// SPDX-License-Identifier: Apache-2.0

package janitor

import (
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
)

// reconcileTimeout ends a reconcile that hangs in a request.
const reconcileTimeout = time.Minute

// SetupWithManager registers the controller and its watch.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	var err error
	if r.secrets, err = newSecrets(mgr.GetConfig(), mgr.GetHTTPClient(), mgr.GetScheme()); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("janitor").
		For(&v1alpha1.PeerNode{}).
		WithOptions(controller.Options{ReconciliationTimeout: reconcileTimeout}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// Cache keeps of the PeerNodes in some namespaces, or in all, what the janitor looks at.
func Cache(namespaces []string) cache.Options {
	options := cache.Options{DefaultTransform: slim}
	for _, namespace := range namespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}

// slim leaves of a PeerNode what is said of its identity.
func slim(object any) (any, error) {
	if p, ok := object.(*v1alpha1.PeerNode); ok {
		p.ManagedFields, p.Labels, p.Annotations = nil, nil, nil
		p.Spec = v1alpha1.PeerNodeSpec{Identity: p.Spec.Identity}
		p.Status = v1alpha1.PeerNodeStatus{Identity: p.Status.Identity}
	}
	return object, nil
}
