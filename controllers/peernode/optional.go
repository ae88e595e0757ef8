// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
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
	"github.com/peernode/operator/pkg/intent"
)

// optionalLook is how often to look whether the cluster has a kind.
const optionalLook = 15 * time.Second

// optionalKind knows whether the API server serves a kind of objects, which may begin and end while the operator runs. They
// are watched only while it does, through a cache of their own: one of what is not there cannot even be set up.
type optionalKind struct {
	kind     client.Object
	version  schema.GroupVersion
	resource string

	discovery discovery.DiscoveryInterface
	config    *rest.Config
	options   cache.Options

	// controller is who watches, set before it starts.
	controller controller.Controller
	// changed leads to all PeerNodes, some of which ask for such an object.
	changed chan event.GenericEvent

	known chan struct{}
	once  sync.Once

	mu sync.Mutex
	// objects are nil while there are none; forget ends their cache.
	objects cache.Cache
	forget  context.CancelFunc
}

func newOptionalKind(mgr ctrl.Manager, options cache.Options, kind client.Object, version schema.GroupVersion, resource string) (*optionalKind, error) {
	d, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("prepare to look for %s: %w", resource, err)
	}
	options.Scheme, options.Mapper, options.HTTPClient = mgr.GetScheme(), mgr.GetRESTMapper(), mgr.GetHTTPClient()
	return &optionalKind{
		kind: kind, version: version, resource: resource,
		discovery: d, config: mgr.GetConfig(), options: options,
		changed: make(chan event.GenericEvent, 1), known: make(chan struct{}),
	}, nil
}

// Start looks for the kind until ctx ends. It is a part of the controller, and runs where that does.
func (k *optionalKind) Start(ctx context.Context) error {
	for {
		if err := k.look(ctx); err != nil {
			log.FromContext(ctx).Error(err, "whether the cluster has a kind is not known; what was known holds", "resource", k.resource)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(optionalLook):
		}
	}
}

// look begins or ends the watch, and has all that wait for such objects looked at.
func (k *optionalKind) look(ctx context.Context) error {
	found, err := k.served()
	if err != nil {
		return err
	}
	before := k.current() != nil
	switch {
	case found && !before:
		if err := k.begin(ctx); err != nil {
			return err
		}
	case !found && before:
		k.end()
	}
	k.once.Do(func() { close(k.known) })
	if found != before {
		select {
		case k.changed <- event.GenericEvent{Object: k.kind}:
		default: // One is on its way already.
		}
	}
	return nil
}

// served asks the API server.
func (k *optionalKind) served() (bool, error) {
	list, err := k.discovery.ServerResourcesForGroupVersion(k.version.String())
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for the resources of %s: %w", k.version, err)
	}
	return slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == k.resource }), nil
}

func (k *optionalKind) begin(ctx context.Context) error {
	objects, err := cache.New(k.config, k.options)
	if err != nil {
		return fmt.Errorf("prepare to watch %s: %w", k.resource, err)
	}
	running, forget := context.WithCancel(ctx)
	go func() {
		if err := objects.Start(running); err != nil {
			log.FromContext(ctx).Error(err, "a kind is not watched any more", "resource", k.resource)
		}
	}()
	if err := k.controller.Watch(source.Kind(objects, k.kind, handler.EnqueueRequestsFromMapFunc(byLabel))); err != nil {
		forget()
		return fmt.Errorf("watch %s: %w", k.resource, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.objects, k.forget = objects, forget
	return nil
}

func (k *optionalKind) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget()
	k.objects, k.forget = nil, nil
}

func (k *optionalKind) current() cache.Cache {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.objects
}

// observe reads an object, nil where there is none, and whether there can be one at all. It waits for the first look.
func (k *optionalKind) observe(ctx context.Context, ref intent.Ref, eyes look.Eyes) (object intent.Object, served bool, err error) {
	select {
	case <-k.known:
	case <-ctx.Done():
		return nil, false, fmt.Errorf("wait until it is known whether the cluster has %s: %w", k.resource, ctx.Err())
	}
	objects := k.current()
	if objects == nil {
		return nil, false, nil
	}
	eyes.Reader = objects
	object, err = eyes.Object(ctx, ref)
	return object, true, err
}
