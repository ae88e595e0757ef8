// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/plan"
)

// certManagerLook is how often to look whether the cluster has cert-manager.
const certManagerLook = 15 * time.Second

// certManager knows whether the API server serves Certificates, which may begin and end while the operator runs. They are
// watched only while it does, through a cache of their own: one of what is not there cannot even be set up.
type certManager struct {
	discovery discovery.DiscoveryInterface
	config    *rest.Config
	options   cache.Options

	// controller is who watches, set before it starts.
	controller controller.Controller
	// changed leads to all PeerNodes, some of which ask for a certificate.
	changed chan event.GenericEvent

	known chan struct{}
	once  sync.Once

	mu sync.Mutex
	// certificates are nil while there are none; forget ends their cache.
	certificates cache.Cache
	forget       context.CancelFunc
}

func newCertManager(mgr ctrl.Manager, options cache.Options) (*certManager, error) {
	d, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("prepare to look for cert-manager: %w", err)
	}
	options.Scheme, options.Mapper, options.HTTPClient = mgr.GetScheme(), mgr.GetRESTMapper(), mgr.GetHTTPClient()
	return &certManager{
		discovery: d, config: mgr.GetConfig(), options: options,
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
	found, err := c.served()
	if err != nil {
		return err
	}
	before := c.current() != nil
	switch {
	case found && !before:
		if err := c.begin(ctx); err != nil {
			return err
		}
	case !found && before:
		c.end()
	}
	c.once.Do(func() { close(c.known) })
	if found != before {
		select {
		case c.changed <- event.GenericEvent{Object: &certmanagerv1.Certificate{}}:
		default: // One is on its way already.
		}
	}
	return nil
}

// served asks the API server.
func (c *certManager) served() (bool, error) {
	list, err := c.discovery.ServerResourcesForGroupVersion(certmanagerv1.SchemeGroupVersion.String())
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for the resources of %s: %w", certmanagerv1.SchemeGroupVersion, err)
	}
	return slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == "certificates" }), nil
}

func (c *certManager) begin(ctx context.Context) error {
	certificates, err := cache.New(c.config, c.options)
	if err != nil {
		return fmt.Errorf("prepare to watch Certificates: %w", err)
	}
	running, forget := context.WithCancel(ctx)
	go func() {
		if err := certificates.Start(running); err != nil {
			log.FromContext(ctx).Error(err, "Certificates are not watched any more")
		}
	}()
	if err := c.controller.Watch(source.Kind(certificates, client.Object(&certmanagerv1.Certificate{}), handler.EnqueueRequestsFromMapFunc(byLabel))); err != nil {
		forget()
		return fmt.Errorf("watch Certificates: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.certificates, c.forget = certificates, forget
	return nil
}

func (c *certManager) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
	c.certificates, c.forget = nil, nil
}

func (c *certManager) current() cache.Cache {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.certificates
}

// Certificates is where they are read, nil while there are none. It waits for the first look.
func (c *certManager) Certificates(ctx context.Context) (client.Reader, error) {
	select {
	case <-c.known:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait until it is known whether the cluster has cert-manager: %w", ctx.Err())
	}
	if certificates := c.current(); certificates != nil {
		return certificates, nil
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// observeCertificate reads the Certificate of the API, if there can be one, and what its issuer says of it.
func (r *Reconciler) observeCertificate(ctx context.Context, o *plan.Observed, eyes look.Eyes) error {
	reader, err := r.certManager.Certificates(ctx)
	if err != nil || reader == nil {
		return err
	}
	o.CertManager = true
	eyes.Reader = reader
	ref := plan.Certificate(o.PeerNode)
	certificate, err := eyes.Object(ctx, ref)
	if err != nil {
		return err
	}
	if certificate != nil {
		o.Objects[ref] = certificate
	}
	return r.observeCertificateRequest(ctx, o)
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
