// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/peernode/operator/test/s3"
)

// runOurs backs up without verification, and restores; then the same after a change; and once more with verification.
func runOurs(ctx context.Context, t *trial) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	if _, err := t.measure(ctx, firstBackup, t.companionBackup("--verify=false")); err != nil {
		return err
	}
	if err := t.restored(ctx, restore, t.companionRestore); err != nil {
		return err
	}
	if err := t.data.turn(1); err != nil {
		return err
	}
	if _, err := t.measure(ctx, secondBackup, t.companionBackup("--verify=false")); err != nil {
		return err
	}
	if err := t.restored(ctx, secondRestore, t.companionRestore); err != nil {
		return err
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	verified := t.companionBackup()
	verified.words = "wrote backup 1 "
	c, err := t.measure(ctx, verifiedBackup, verified)
	if err != nil {
		return err
	}
	t.samples[verification] = sample{bytes: float64(t.data.size), seconds: (c.wall - c.said).Seconds(), part: true}
	return nil
}

// companionKeys makes what signs, and what opens.
func (b *bed) companionKeys(ctx context.Context) (err error) {
	if b.trust, err = b.output(ctx, b.companion, "signing-key", "-n", "peers", "--peernode", "alpha", "-o", b.path("signing")); err != nil {
		return err
	}
	b.recipient, err = b.output(ctx, b.companion, "recovery-key", "-o", b.path("recovery"))
	return err
}

func (t *trial) companionBackup(more ...string) stage {
	return t.companionStage(append([]string{
		"backup", "--data", t.data.dir, "--name", "bench", "-r", t.recipient, "--signing-key", t.bed.path("signing"), "--state", t.path("state"),
	}, more...)...)
}

func (t *trial) companionRestore(to string) []stage {
	return []stage{t.companionStage("restore", "--to", to, "--trust", t.trust, "--identity", t.bed.path("recovery"))}
}

func (t *trial) companionStage(args ...string) stage {
	return stage{args: append(append([]string{t.companion}, args...),
		"-n", "peers", "--peernode", "alpha", "--endpoint", t.store.Endpoint, "--region", s3.Region, "--bucket", bucket,
		"--credentials-dir", t.dir, "--ca-file", t.path("ca.crt"), "--progress", time.Minute.String())}
}
