// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
)

// patienceWithArchive is for requests that carry 8 MiB each. Six tries take half a minute where a store answers that it
// has too much to do.
var patienceWithArchive = bucket.Patience{Tries: 6, Try: 2 * time.Minute, Pause: time.Second}

// archived are the flags that say whose backups they are, where they lie, and how to go about it.
type archived struct {
	store

	log                 terminationLog
	namespace, peerNode string
	workers             int
	every               time.Duration
}

func (a *archived) flags(c *cobra.Command) {
	a.store.flags(c)
	a.log.flags(c)
	c.Flags().StringVarP(&a.namespace, flagNamespace, "n", "", "namespace of the PeerNode")
	c.Flags().StringVar(&a.peerNode, flagPeerNode, "", "name of the PeerNode")
	c.Flags().IntVar(&a.workers, "workers", min(runtime.GOMAXPROCS(0), mostWorkers), "how many processors to use")
	c.Flags().DurationVar(&a.every, "progress", 10*time.Second, "how often to say how far it is")
}

// archivedRequired are the flags that have no default.
var archivedRequired = append([]string{flagNamespace, flagPeerNode}, storeRequired...)

func (a *archived) open(keys ...string) (archive.Archive, error) {
	var none archive.Archive
	if a.workers < 1 || a.workers > 64 {
		return none, fmt.Errorf("--workers %d: it is 1 to 64", a.workers)
	}
	trust, err := backup.ParseTrust(a.namespace, a.peerNode, keys...)
	if err != nil {
		return none, err
	}
	b, err := a.store.open(patienceWithArchive)
	if err != nil {
		return none, err
	}
	return archive.Archive{Bucket: b, Prefix: a.prefix, Namespace: a.namespace, PeerNode: a.peerNode, Trust: trust, Lanes: bucket.NewLanes(archive.Lanes)}, nil
}

// runs does something that takes a while: it says how far it is, and ends in order when it is told to.
//
// Its heap is kept small: most of it is buffers, which are used again and again.
func (a *archived) runs(c *cobra.Command, s Streams, do func(context.Context, *archive.Progress) error) error {
	ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	progress := &archive.Progress{}
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		tellProgress(ctx, s, progress, a.every)
	}()
	err := a.log.tells(func() error { return do(ctx, progress) })
	cancel()
	<-told
	return err
}

// mostWorkers is how many processors are used unless more are asked for: each has buffers of its own, and a pod has a limit for its memory,
// whatever machine it is on.
const mostWorkers = 4

// memoryGoal is what the garbage collector works towards, in bytes. It can be exceeded.
const memoryGoal = 96 << 20

// reading are the flags of commands that read a backup.
type reading struct {
	archived

	trust, trustFiles []string
	identity          string
	sequence          int64
	at, sha256        string
}

func (r *reading) flags(c *cobra.Command) {
	r.archived.flags(c)
	c.Flags().StringArrayVar(&r.trust, "trust", nil, "public key by which to know the peer's records, NAMESPACE/NAME+...; may be repeated")
	c.Flags().StringArrayVar(&r.trustFiles, "trust-file", nil, "file with such public keys, one on a line; may be repeated")
	c.Flags().Int64Var(&r.sequence, "sequence", 0, "number of the backup; the newest one when not given")
	c.Flags().StringVar(&r.at, "at", "", "the newest backup that was finished by this time, such as 2026-11-27T12:00:00Z")
	c.Flags().StringVar(&r.sha256, "record-sha256", "", "SHA-256 that the backup's record has to have, where it is known from elsewhere")
	c.MarkFlagsMutuallyExclusive("sequence", "at")
	c.MarkFlagsOneRequired("trust", "trust-file")
}

func (r *reading) identityFlag(c *cobra.Command) {
	c.Flags().StringVarP(&r.identity, "identity", "i", "", "file with the private key of a recipient; - for the standard input")
}

func (r *reading) open() (archive.Archive, error) {
	keys, err := trustIn(r.trust, r.trustFiles)
	if err != nil {
		return archive.Archive{}, err
	}
	return r.archived.open(keys...)
}

// trustIn are public keys that were given, and those in files.
func trustIn(keys, files []string) ([]string, error) {
	for _, path := range files {
		text, err := smallfile.Read(path)
		if err != nil {
			return nil, fmt.Errorf("--trust-file: %w", err)
		}
		keys = append(keys, strings.Fields(string(text))...)
	}
	return keys, nil
}

// find reads the record of the backup that the flags name.
func (r *reading) find(ctx context.Context, s Streams, a archive.Archive) (backup.Trusted, error) {
	choice := archive.Choice{Sequence: r.sequence}
	if r.sequence < 0 {
		return backup.Trusted{}, fmt.Errorf("--sequence %d: backups count from 1", r.sequence)
	}
	if r.at != "" {
		at, err := time.Parse(time.RFC3339, r.at)
		if err != nil {
			return backup.Trusted{}, fmt.Errorf("--at %q is not a time like 2026-11-27T12:00:00Z", r.at)
		}
		choice.At = at
	}
	if r.sha256 != "" {
		choice.SHA256 = &backup.Digest{}
		if err := choice.SHA256.UnmarshalText([]byte(r.sha256)); err != nil {
			return backup.Trusted{}, fmt.Errorf("--record-sha256: %w", err)
		}
	}
	t, err := a.Find(ctx, choice, func(said string) { s.notef("note: %s", said) })
	if errors.Is(err, archive.ErrNoBackup) || errors.Is(err, bucket.ErrNotFound) {
		return t, fmt.Errorf("%s has no such backup of %s/%s under the prefix %q; see peer-companion backups", a.Bucket, r.namespace, r.peerNode, r.prefix)
	}
	return t, err
}

func describe(w io.Writer, t backup.Trusted) {
	kind := "full"
	if !t.Full() {
		kind = fmt.Sprintf("goes on from %d", t.Parent.Sequence)
	}
	fmt.Fprintf(w, "%d\t%s\t%s\t%d files\t%s\t%s\n", t.Sequence, t.Finished.Format(time.RFC3339), t.Name, t.Tree.Files, bytesText(t.Tree.Bytes), kind)
}
