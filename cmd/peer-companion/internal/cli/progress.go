// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
)

// tellProgress says how far something is, until ctx ends.
func tellProgress(ctx context.Context, s Streams, p *archive.Progress, every time.Duration) {
	if every <= 0 {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var was int64
	for {
		select {
		case <-tick.C:
			phase, done, total := p.Now()
			rate := int64(float64(max(0, done-was)) / every.Seconds())
			was = done
			s.notef("%s", progressText(phase, done, total, rate))
		case <-ctx.Done():
			return
		}
	}
}

func progressText(phase archive.Phase, done, total, rate int64) string {
	if phase == "" {
		return "beginning"
	}
	percent := ""
	if total > 0 {
		percent = fmt.Sprintf(" %d %%,", 100*done/total)
	}
	return fmt.Sprintf("%s:%s %s of %s, %s/s", phase, percent, bytesText(done), bytesText(total), bytesText(rate))
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	size, names := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB"}
	for i, name := range names {
		if size < unit || i == len(names)-1 {
			return fmt.Sprintf("%.1f %s", size, name)
		}
		size /= unit
	}
	return ""
}
