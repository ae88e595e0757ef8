// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peernode/operator/test/bench/internal/machine"
	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/s3"
)

// What is measured.
const (
	firstBackup    = "backup"
	verifiedBackup = "backup with verification"
	verification   = "verification"
	secondBackup   = "second backup"
	restore        = "restore"
	secondRestore  = "restore of the second"
)

// bucket is where backups go.
const bucket = "backups"

// sample is what one measurement has seen.
type sample struct {
	// bytes are those of the files.
	bytes float64
	// seconds is how long it took, of which it took flush until the files were on the disk.
	seconds, flush float64
	// clientCPU and serverCPU are in seconds, largest and all are memory in bytes.
	clientCPU, serverCPU, largest, all float64
	// added is by how many bytes there is more in the bucket.
	added float64
	// others is the part of the machine's processors that nobody had who is measured or measures.
	others float64
	// part says that it is a part of another measurement, and that seconds alone are known of it.
	part bool
}

// trial is one contender on one set of data, with a store that was started for it.
type trial struct {
	*bed

	data    *data
	dir     string
	server  *cluster.S3
	store   s3.Store
	samples map[string]sample
}

// try runs a contender once. Everything that it needs is made for it, and removed after it.
func (b *bed) try(ctx context.Context, c contender, d *data) (map[string]sample, error) {
	t := &trial{bed: b, data: d, samples: map[string]sample{}}
	err := c.run(ctx, t)
	return t.samples, errors.Join(err, t.stop(), d.turn(0))
}

// begin starts a store with an empty bucket, in the place of the one before.
func (t *trial) begin(ctx context.Context) (err error) {
	if err := t.stop(); err != nil {
		return err
	}
	if t.dir, err = os.MkdirTemp(t.bed.dir, "trial-"); err != nil {
		return err
	}
	if t.server, err = cluster.StartS3(ctx, t.path("store")); err != nil {
		return err
	}
	t.store = s3.Store{Endpoint: t.server.Endpoint, CA: t.server.CA, AccessKey: t.server.AccessKey, SecretKey: t.server.SecretKey}
	if err := t.store.CreateBucket(ctx, bucket); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"ca.crt": t.store.CA, "accessKeyID": []byte(t.store.AccessKey), "secretAccessKey": []byte(t.store.SecretKey)} {
		if err := os.WriteFile(t.path(name), content, 0o600); err != nil {
			return err
		}
	}
	return t.data.turn(0)
}

// stop ends the store and forgets what it had.
func (t *trial) stop() error {
	if t.dir == "" {
		return nil
	}
	var err error
	if t.server != nil {
		err = t.server.Stop()
	}
	err = errors.Join(err, os.RemoveAll(t.dir))
	t.dir, t.server = "", nil
	return err
}

func (t *trial) path(name string) string { return filepath.Join(t.dir, name) }

// environment is how programs find the store.
func (t *trial) environment() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + t.store.AccessKey, "AWS_SECRET_ACCESS_KEY=" + t.store.SecretKey, "AWS_REGION=" + s3.Region,
		"S3_ENDPOINT=" + t.store.Endpoint, "S3_CA_FILE=" + t.path("ca.crt"),
	}
}

// measure measures programs that leave the files as they are.
func (t *trial) measure(ctx context.Context, what string, stages ...stage) (cost, error) {
	if err := t.data.read(); err != nil {
		return cost{}, err
	}
	return t.see(ctx, what, func() (cost, float64, error) {
		c, err := t.pipeline(ctx, stages...)
		return c, 0, err
	})
}

// restored measures programs that restore files into a folder, until these are on the disk, and compares them.
func (t *trial) restored(ctx context.Context, what string, stages func(to string) []stage) error {
	to := t.path("restored")
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	_, err := t.see(ctx, what, func() (cost, float64, error) {
		c, err := t.pipeline(ctx, stages(to)...)
		if err != nil {
			return c, 0, err
		}
		begun := time.Now()
		err = flush(to)
		took := time.Since(begun)
		c.wall += took
		return c, took.Seconds(), err
	})
	if err != nil {
		return err
	}
	if err := t.data.compare(to, t.data.generation); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return os.RemoveAll(to)
}

// see looks at the machine and at the bucket before and after.
func (t *trial) see(ctx context.Context, what string, do func() (cost, float64, error)) (cost, error) {
	// What was written before would be brought to the disk meanwhile.
	if err := flush(t.bed.dir); err != nil {
		return cost{}, err
	}
	stored, err := t.store.Size(ctx, bucket)
	if err != nil {
		return cost{}, err
	}
	before, err := t.look()
	if err != nil {
		return cost{}, err
	}
	c, flushed, err := do()
	if err != nil {
		return c, fmt.Errorf("%s: %w", what, err)
	}
	after, err := t.look()
	if err != nil {
		return c, err
	}
	now, err := t.store.Size(ctx, bucket)
	server := after.server - before.server
	t.samples[what] = sample{
		bytes: float64(t.data.size), seconds: c.wall.Seconds(), flush: flushed,
		clientCPU: c.cpu, serverCPU: server, largest: c.largest, all: c.all,
		added:  float64(now - stored),
		others: after.machine.Others(before.machine, c.cpu+server+after.self-before.self),
	}
	return c, err
}

// sight is what was seen at one moment, in seconds of processors.
type sight struct {
	machine      machine.Seconds
	server, self float64
}

func (t *trial) look() (s sight, err error) {
	if s.server, err = machine.CPU(t.server.PID()); err != nil {
		return s, err
	}
	if s.self, err = machine.CPU(os.Getpid()); err != nil {
		return s, err
	}
	s.machine, err = machine.Look()
	return s, err
}

// flush waits until all that was written to a file system is on its disk.
func flush(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}
