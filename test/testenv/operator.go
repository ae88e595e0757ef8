// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/peernode/operator/controllers"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/plan"
)

// Operator is the operator, running in the test's process.
type Operator struct {
	stop context.CancelFunc
	done chan error
	once sync.Once
	err  error
}

// OperatorOptions shape an operator.
type OperatorOptions struct {
	// Namespaces limits it; empty means all.
	Namespaces []string
	// WrapClient changes the client with which it writes.
	WrapClient func(client.WithWatch) client.Client
}

// StartOperator starts the operator with a fresh cache, as after a restart.
func (e *Env) StartOperator(ctx context.Context, o OperatorOptions) (*Operator, error) {
	mgr, err := ctrl.NewManager(e.OperatorConfig, ctrl.Options{
		Scheme:     e.Scheme,
		Cache:      controllers.Cache(o.Namespaces),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
		NewClient:  newClient(o.WrapClient),
	})
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	if err := controllers.Setup(ctx, mgr, Options()); err != nil {
		cancel()
		return nil, err
	}
	op := &Operator{stop: cancel, done: make(chan error, 1)}
	go func() { op.done <- mgr.Start(ctx) }()
	return op, nil
}

// Options are the settings of operators of this package.
func Options() plan.Options {
	return plan.Options{Defaults: defaults.Options{P2PAgentImage: "registry.example.com/default-agent:v1"}}
}

// Stop ends the operator and waits for it.
func (o *Operator) Stop() error {
	o.once.Do(func() {
		o.stop()
		o.err = <-o.done
	})
	if errors.Is(o.err, context.Canceled) {
		return nil
	}
	return o.err
}

func newClient(wrap func(client.WithWatch) client.Client) client.NewClientFunc {
	return func(config *rest.Config, options client.Options) (client.Client, error) {
		c, err := client.NewWithWatch(config, options)
		if err != nil || wrap == nil {
			return c, err
		}
		return wrap(c), nil
	}
}
