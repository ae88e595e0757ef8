// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/peernode/operator/cmd/internal/apiserver"
	"github.com/peernode/operator/controllers/janitor"
)

// run works until ctx ends. Two janitors at a time do no harm, so none is elected. Metrics would take the right to ask who
// reads them, and are not served.
func run(ctx context.Context, f flags) error {
	mgr, err := apiserver.Manager(ctrl.Options{
		Cache:                  janitor.Cache(f.namespaces),
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: f.probeAddress,
	})
	if err != nil {
		return err
	}
	r := &janitor.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("peernode-janitor")}
	if err := r.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the janitor: %w", err)
	}
	return mgr.Start(ctx)
}
