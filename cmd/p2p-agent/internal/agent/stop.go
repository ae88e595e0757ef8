// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stopTimeout leaves a second of the five that the contract gives.
const stopTimeout = 4 * time.Second

// Stop ends the agent and writes its state. It also undoes a start that failed
// half way, so every part may be missing.
func (a *Agent) Stop() error {
	a.stopping.Store(true)
	a.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- a.closeConnections(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = fmt.Errorf("connections did not close within %s", stopTimeout)
	}
	if err != nil {
		// The state below is what counts; peers notice a lost connection anyway.
		a.log.Warn("stopping", "error", err)
	}
	if a.store == nil {
		return nil
	}
	if err := a.store.Close(); err != nil {
		return fmt.Errorf("write the state while stopping: %w", err)
	}
	a.log.Info("agent stopped, state written")
	return nil
}

func (a *Agent) closeConnections(ctx context.Context) error {
	var errs []error
	if a.host != nil {
		errs = append(errs, a.host.Close())
	}
	if a.health != nil {
		errs = append(errs, a.health.Close(ctx))
	}
	if a.prom != nil {
		errs = append(errs, a.prom.Close(ctx))
	}
	a.wg.Wait() // the peer list's watcher is in here: no dial starts after it
	if a.dialer != nil {
		a.dialer.Wait()
	}
	return errors.Join(errs...)
}
