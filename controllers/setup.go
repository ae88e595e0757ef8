// SPDX-License-Identifier: Apache-2.0

// Package controllers is the one explicit list of what the operator does.
package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/backup"
	"github.com/peernode/operator/controllers/backupstore"
	"github.com/peernode/operator/controllers/fleet"
	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/peernode"
	"github.com/peernode/operator/controllers/policyprobe"
	"github.com/peernode/operator/controllers/reservation"
	"github.com/peernode/operator/controllers/sealing"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/settings"
)

// Setup registers every controller, and returns what tells Prometheus of their work.
func Setup(ctx context.Context, mgr ctrl.Manager, options settings.Operator) (Metrics, error) {
	known := enforced.New(enforcement.Word{Asked: options.Probe.Host != ""})
	return Metrics{Reader: mgr.GetClient(), Enforced: known}, setup(ctx, mgr, options, known)
}

func setup(ctx context.Context, mgr ctrl.Manager, options settings.Operator, known *enforced.State) error {
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	r := &peernode.Reconciler{
		Client:   mgr.GetClient(),
		Live:     mgr.GetAPIReader(),
		Events:   mgr.GetEventRecorder("peernode-operator"),
		Options:  options,
		Enforced: known,
		Now:      time.Now,

		OptionalCache: optionalCache(options),
	}
	if err := r.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the peernode controller: %w", err)
	}
	f := &fleet.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Events:  mgr.GetEventRecorder("peernode-operator"),
		Options: options,
		Now:     time.Now,
	}
	if err := f.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the peerfleet controller: %w", err)
	}
	releaser := &reservation.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Events:  mgr.GetEventRecorder("peernode-operator"),
		Options: options,
	}
	if err := releaser.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the peeridentityreservation controller: %w", err)
	}
	stores := &backupstore.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Events:  mgr.GetEventRecorder("peernode-operator"),
		Options: options,
		Now:     time.Now,
	}
	if err := stores.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the peerbackupstore controller: %w", err)
	}
	backups := &backup.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Events:  mgr.GetEventRecorder("peernode-operator"),
		Options: options,
		Now:     time.Now,
	}
	if err := backups.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the peerbackup controller: %w", err)
	}
	runner := &backup.Runner{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Defaults: options.Defaults, Now: time.Now}
	if err := runner.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the controller of schedules: %w", err)
	}
	maker := &sealing.Maker{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Namespace: options.Resources.UnsealerNamespace, Numbers: options.SealingKeys, Now: time.Now}
	if err := mgr.Add(maker); err != nil {
		return fmt.Errorf("set up the sealing key: %w", err)
	}
	if !known.Word().Asked {
		return nil
	}
	if err := mgr.Add(&policyprobe.Prober{Probe: options.Probe, State: known, Now: time.Now}); err != nil {
		return fmt.Errorf("set up the probe of NetworkPolicies: %w", err)
	}
	return nil
}

// Cache keeps only what the controllers look at: our objects, without what nobody here reads, in the namespaces in
// which the operator works. What the unsealer publishes is seen wherever that is.
func Cache(o settings.Operator) cache.Options {
	ours := labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})
	options := cache.Options{
		DefaultTransform: slim,
		ByObject:         map[client.Object]cache.ByObject{},
	}
	for _, owned := range peernode.Owned() {
		kept := cache.ByObject{Label: ours}
		if _, isConfigMap := owned.(*corev1.ConfigMap); isConfigMap && len(o.Namespaces) > 0 {
			kept.Namespaces = namespaces(append(slices.Clone(o.Namespaces), o.Resources.UnsealerNamespace))
		}
		options.ByObject[owned] = kept
	}
	// Beside them are those of all StatefulSets, each with a whole pod in it.
	records := labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelComponent: names.ComponentRevision}
	options.ByObject[&appsv1.ControllerRevision{}] = cache.ByObject{Label: labels.SelectorFromSet(records)}
	if len(o.Namespaces) > 0 {
		options.DefaultNamespaces = namespaces(o.Namespaces)
	}
	return options
}

// optionalCache keeps what the controllers look at of kinds that not every cluster has.
func optionalCache(o settings.Operator) cache.Options {
	options := cache.Options{
		DefaultTransform:     slim,
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}),
	}
	if len(o.Namespaces) > 0 {
		options.DefaultNamespaces = namespaces(o.Namespaces)
	}
	return options
}

func namespaces(names []string) map[string]cache.Config {
	out := map[string]cache.Config{}
	for _, name := range names {
		out[name] = cache.Config{}
	}
	return out
}
