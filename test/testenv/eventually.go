// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"fmt"
	"time"
)

// Patience is how long Eventually waits: far longer than anything takes, because it is spent only on failures.
const Patience = 4 * time.Minute

// Eventually repeats a check until it succeeds, and returns its last error when it never does.
func Eventually(ctx context.Context, check func() error) error {
	return Every(ctx, 50*time.Millisecond, check)
}

// Every is Eventually with another pause between two checks.
func Every(ctx context.Context, pause time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", Patience, err)
		case <-time.After(pause):
		}
	}
}
