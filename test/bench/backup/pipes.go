// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/exec"
)

// runGPG is what guides tell people to do.
func runGPG(ctx context.Context, t *trial) error {
	home, err := os.MkdirTemp("", "gnupg-") // the agent's socket needs a short path
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	env := []string{"GNUPGHOME=" + home}
	defer func() {
		end := exec.Command("gpgconf", "--kill", "all")
		end.Env = append(os.Environ(), env...)
		_ = end.Run() // an agent whose folder is gone ends as well
	}()
	key := stage{args: []string{"gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "bench", "default", "default", "never"}, env: env}
	if _, err := t.pipeline(ctx, key); err != nil {
		return err
	}
	seal := stage{args: []string{"gpg", "--batch", "--quiet", "--encrypt", "--recipient", "bench"}, env: env}
	open := stage{args: []string{"gpg", "--batch", "--quiet", "--decrypt"}, env: env}
	return t.tarred(ctx,
		[]stage{{args: []string{"tar", "-C", t.data.dir, "-czf", "-", "."}}, seal},
		func(to string) []stage { return []stage{open, {args: []string{"tar", "-C", to, "-xzf", "-"}}} })
}

// runAge takes the fastest of what people use.
func runAge(ctx context.Context, t *trial) error {
	identity := t.bed.path("age.txt")
	_ = os.Remove(identity) // that of the round before
	if _, err := t.output(ctx, "age-keygen", "-o", identity); err != nil {
		return err
	}
	recipient, err := t.output(ctx, "age-keygen", "-y", identity)
	if err != nil {
		return err
	}
	return t.tarred(ctx,
		[]stage{{args: []string{"tar", "-C", t.data.dir, "-cf", "-", "."}}, {args: []string{"zstd", "-1", "-T0", "-q", "-c"}}, {args: []string{"age", "-r", recipient}}},
		func(to string) []stage {
			return []stage{{args: []string{"age", "-d", "-i", identity}}, {args: []string{"zstd", "-d", "-q", "-c"}}, {args: []string{"tar", "-C", to, "-xf", "-"}}}
		})
}

// tarred makes one object of all files, and files of it. Another backup is all of it again, so one is measured.
func (t *trial) tarred(ctx context.Context, seal []stage, open func(to string) []stage) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	if _, err := t.measure(ctx, firstBackup, append(seal, t.object("put"))...); err != nil {
		return err
	}
	return t.restored(ctx, restore, func(to string) []stage { return append([]stage{t.object("get")}, open(to)...) })
}

func (t *trial) object(verb string) stage {
	return stage{args: []string{t.objectpipe, verb, bucket, "backup"}, env: t.environment()}
}
