// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/peernode/operator/controllers"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
)

// Operator is the operator, running in the test's process.
type Operator struct {
	stop context.CancelFunc
	line *line
	done chan error
	once sync.Once
	err  error
}

// OperatorOptions shape an operator.
type OperatorOptions struct {
	// Namespaces limits it; empty means all.
	Namespaces []string
	// Settle is how long it holds small changes of a status back; Settle of this package when zero.
	Settle time.Duration
	// Release makes it another release, or one that was started with other flags; nil leaves it as it is.
	Release func(*settings.Operator)
	// Log is where it logs; the logger of controller-runtime when it is the zero value.
	Log logr.Logger
	// WrapTransport sees every request of the operator on its way out: those of its client, its caches, its live
	// reads and its events, as if it stood between a process and the network.
	WrapTransport func(http.RoundTripper) http.RoundTripper
}

// StartOperator starts the operator with a fresh cache, as after a restart.
func (e *Env) StartOperator(ctx context.Context, o OperatorOptions) (*Operator, error) {
	op := &Operator{line: &line{}, done: make(chan error, 1)}
	options := Options()
	options.Namespaces = o.Namespaces
	options.Settle = cmp.Or(o.Settle, options.Settle)
	if o.Release != nil {
		o.Release(&options)
	}
	config := rest.CopyConfig(e.OperatorConfig)
	config.Wrap(op.line.through)
	if o.WrapTransport != nil {
		config.Wrap(o.WrapTransport)
	}
	mgr, err := ctrl.NewManager(config, managerOptions(e, options, o.Log))
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	ctx, op.stop = context.WithCancel(ctx)
	if _, err := controllers.Setup(ctx, mgr, options); err != nil {
		op.stop()
		return nil, err
	}
	go func() { op.done <- mgr.Start(ctx) }()
	return op, nil
}

func managerOptions(e *Env, o settings.Operator, log logr.Logger) ctrl.Options {
	return ctrl.Options{
		Scheme:  e.Scheme,
		Logger:  log,
		Cache:   controllers.Cache(o),
		Metrics: metricsserver.Options{BindAddress: "0"},
		// Several operators of one test process have controllers of the same name.
		Controller: config.Controller{SkipNameValidation: new(true)},
	}
}

// Settle is how long operators of this package hold small changes of a status back: less than in production, so
// that a test which waits for silence need not wait long.
const Settle = time.Second

// Propagation is how long operators of this package let others learn of a key before a peer changes to it. There are no
// kubelets that would take their time.
const Propagation = 2 * time.Second

// Options are the settings of operators of this package.
func Options() settings.Operator {
	return settings.Operator{
		Defaults:    defaults.Options{P2PAgentImage: "registry.example.com/default-agent:v1"},
		Resources:   resources.Options{CompanionImage: CompanionImage, UnsealerNamespace: UnsealerNamespace},
		Settle:      Settle,
		Propagation: Propagation,
	}
}

// Stop ends the operator and waits for it. Whatever it leaves running in this process, such as an event that it
// tries to send again, is cut off, as it would be by the end of a process.
func (o *Operator) Stop() error {
	o.once.Do(func() {
		o.stop()
		if o.err = <-o.done; o.err != nil && !errors.Is(o.err, context.Canceled) {
			o.err = errors.Join(o.err, whatRuns())
		}
		o.line.cut.Store(true)
	})
	if errors.Is(o.err, context.Canceled) {
		return nil
	}
	return o.err
}

// whatRuns says where every goroutine stands, for an operator that would not stop: nobody will see it so again.
func whatRuns() error {
	file, err := os.CreateTemp("", "goroutines-*.txt")
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := pprof.Lookup("goroutine").WriteTo(file, 2); err != nil {
		return err
	}
	return fmt.Errorf("its goroutines are in %s", file.Name())
}

// line is an operator's way to the API server.
type line struct{ cut atomic.Bool }

func (l *line) through(next http.RoundTripper) http.RoundTripper {
	return RoundTripper(func(r *http.Request) (*http.Response, error) {
		if l.cut.Load() {
			return nil, errors.New("the operator that asks was stopped")
		}
		return next.RoundTrip(r)
	})
}

// RoundTripper makes a transport of a function.
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
