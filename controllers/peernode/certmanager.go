// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"
	"sync"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/plan"
)

// certManagerLook is how often to look whether the cluster has cert-manager.
const certManagerLook = 15 * time.Second

// certManager knows whether the API server serves Certificates, which may begin and end while the operator runs. They are
// watched only while it does: a watch of what is not there would end the operator.
type certManager struct {
	discovery discovery.DiscoveryInterface
	cache     cache.Cache
	reader    client.Reader

	// controller is who watches, set before it starts.
	controller controller.Controller
	// changed leads to all PeerNodes that ask for a certificate.
	changed chan event.GenericEvent

	known   chan struct{}
	once    sync.Once
	mu      sync.Mutex
	present bool
}

func newCertManager(mgr ctrl.Manager) (*certManager, error) {
	d, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("prepare to look for cert-manager: %w", err)
	}
	return &certManager{
		discovery: d, cache: mgr.GetCache(), reader: mgr.GetClient(),
		changed: make(chan event.GenericEvent, 1), known: make(chan struct{}),
	}, nil
}

// Start looks for cert-manager until ctx ends. It is a part of the controller, and runs where that does.
func (c *certManager) Start(ctx context.Context) error {
	for {
		if err := c.look(ctx); err != nil {
			log.FromContext(ctx).Error(err, "whether the cluster has cert-manager is not known; what was known holds")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(certManagerLook):
		}
	}
}

// look begins or ends the watch of Certificates, and has all that wait for them looked at.
func (c *certManager) look(ctx context.Context) error {
	_, err := c.discovery.ServerResourcesForGroupVersion(certmanagerv1.SchemeGroupVersion.String())
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("ask for the resources of %s: %w", certmanagerv1.SchemeGroupVersion, err)
	}
	found, before := err == nil, c.has()
	switch {
	case found && !before:
		err = c.controller.Watch(source.Kind(c.cache, client.Object(&certmanagerv1.Certificate{}), handler.EnqueueRequestsFromMapFunc(byLabel)))
	case !found && before:
		err = c.cache.RemoveInformer(ctx, &certmanagerv1.Certificate{})
	default:
		err = nil
	}
	if err != nil {
		return fmt.Errorf("begin or end to watch Certificates: %w", err)
	}
	c.mu.Lock()
	c.present = found
	c.mu.Unlock()
	c.once.Do(func() { close(c.known) })
	if found != before {
		select {
		case c.changed <- event.GenericEvent{Object: &certmanagerv1.Certificate{}}:
		default: // One is on its way already.
		}
	}
	return nil
}

func (c *certManager) has() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present
}

// Present reports whether there are Certificates. It waits for the first look.
func (c *certManager) Present(ctx context.Context) (bool, error) {
	select {
	case <-c.known:
		return c.has(), nil
	case <-ctx.Done():
		return false, fmt.Errorf("wait until it is known whether the cluster has cert-manager: %w", ctx.Err())
	}
}

// askers are the PeerNodes that ask cert-manager for a certificate.
func (c *certManager) askers(ctx context.Context, _ client.Object) []reconcile.Request {
	list := &v1alpha1.PeerNodeList{}
	// The cache answers, or the operator is on its way out.
	if err := c.reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		if t := list.Items[i].Spec.TLS; t != nil && t.IssuerRef != nil {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return out
}

// observeCertificateRequest reads what the issuer says while there is trouble with the certificate. It is read past the
// cache: these objects are many, and seldom of interest.
func (r *Reconciler) observeCertificateRequest(ctx context.Context, o *plan.Observed) error {
	name := plan.CertificateRequest(*o)
	if name == (types.NamespacedName{}) {
		return nil
	}
	request := &certmanagerv1.CertificateRequest{}
	err := r.Live.Get(ctx, name, request)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read CertificateRequest %s: %w", name.Name, err)
	}
	if err == nil {
		o.CertificateRequest = request
	}
	return nil
}
