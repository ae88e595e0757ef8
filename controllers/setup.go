// SPDX-License-Identifier: Apache-2.0

// Package controllers is the one explicit list of what the operator does.
package controllers

import (
	"context"
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/peernode/operator/controllers/peernode"
	"github.com/peernode/operator/pkg/plan"
)

// Setup registers every controller.
func Setup(ctx context.Context, mgr ctrl.Manager, options plan.Options) error {
	r := &peernode.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Events:  mgr.GetEventRecorder("peernode-operator"),
		Options: options,
		Now:     time.Now,
	}
	if err := r.SetupWithManager(ctx, mgr); err != nil {
		return fmt.Errorf("set up the peernode controller: %w", err)
	}
	return nil
}
