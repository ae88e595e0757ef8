// SPDX-License-Identifier: Apache-2.0

package main

import "context"

// runRestic backs up, restores, backs up after a change, and reads back all of its repository.
func runRestic(ctx context.Context, t *trial) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	if _, err := t.pipeline(ctx, t.restic("init")); err != nil {
		return err
	}
	backup := t.restic("backup", ".")
	backup.dir = t.data.dir // so that it restores without the path to there
	if _, err := t.measure(ctx, firstBackup, backup); err != nil {
		return err
	}
	if err := t.restored(ctx, restore, t.resticRestore); err != nil {
		return err
	}
	if _, err := t.measure(ctx, verification, t.restic("check", "--read-data")); err != nil {
		return err
	}
	if err := t.data.turn(1); err != nil {
		return err
	}
	if _, err := t.measure(ctx, secondBackup, backup); err != nil {
		return err
	}
	return t.restored(ctx, secondRestore, t.resticRestore)
}

func (t *trial) restic(args ...string) stage {
	return stage{
		args: append([]string{"restic", "--quiet", "--cacert", t.path("ca.crt"), "--cache-dir", t.path("cache"), "--repo", "s3:" + t.store.Endpoint + "/" + bucket}, args...),
		env:  append(t.environment(), "RESTIC_PASSWORD=bench"),
	}
}

func (t *trial) resticRestore(to string) []stage {
	return []stage{t.restic("restore", "latest", "--target", to)}
}
