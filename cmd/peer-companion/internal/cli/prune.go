// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/backup"
)

// pruning removes old backups.
type pruning struct {
	store

	log               terminationLog
	trust, trustFiles []string
	keepFor           time.Duration
	keepLast          int
	keep              []string
	dry               bool
}

func newPrune(s Streams) *cobra.Command {
	var p pruning
	c := &cobra.Command{
		Use:   "prune --trust KEY... --keep-for 720h --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "Remove old backups from a bucket",
		Long: "Remove old backups from a bucket: those of the peers whose public keys are given, and of nobody else. A backup goes when\n" +
			"the store has had it for longer than --keep-for, and it is not among the newest. What it shares with backups that\n" +
			"stay, stays. Records that no given key has signed count for nothing. In one run at most half of the backups of a peer\n" +
			"go. What a store has locked is left, and counted. The credentials should be in nobody else's reach who writes there.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			return p.log.tells(func() error { return p.run(ctx, s) })
		},
	}
	p.store.flags(c)
	p.log.flags(c)
	f := c.Flags()
	f.StringArrayVar(&p.trust, "trust", nil, "public key by which to know a peer's records, NAMESPACE/NAME+...; may be repeated, also for other peers")
	f.StringArrayVar(&p.trustFiles, "trust-file", nil, "file with such public keys, one on a line; may be repeated")
	f.DurationVar(&p.keepFor, "keep-for", 0, "how long each backup is kept, such as 720h, at least 192h")
	f.IntVar(&p.keepLast, "keep-last", 3, "how many of a peer's newest backups are kept however old they are")
	f.StringArrayVar(&p.keep, "keep-sequence", nil, "a backup that is kept whatever the rules say, NAMESPACE/NAME:NUMBER; may be repeated")
	f.BoolVar(&p.dry, "dry-run", false, "say what would go, and remove nothing")
	c.MarkFlagsOneRequired("trust", "trust-file")
	return required(c, append([]string{"keep-for"}, storeRequired...)...)
}

func (p *pruning) run(ctx context.Context, s Streams) error {
	if p.keepFor < backup.Grace || p.keepLast < 1 {
		return fmt.Errorf("--keep-for %s, --keep-last %d: each is kept for 192h, and at least the newest", p.keepFor, p.keepLast)
	}
	keys, err := trustIn(p.trust, p.trustFiles)
	if err != nil {
		return err
	}
	peers, err := peersOf(keys)
	if err != nil {
		return err
	}
	keep, err := p.kept(peers)
	if err != nil {
		return err
	}
	b, err := p.open(patienceWithArchive)
	if err != nil {
		return err
	}
	var all backup.Pruned
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		a := peers[name]
		a.Bucket, a.Prefix = b, p.prefix
		one, err := a.Prune(ctx, archive.Pruning{
			Retention: backup.Retention{KeepFor: p.keepFor, KeepLast: p.keepLast, Keep: keep[name]}, Now: time.Now, Dry: p.dry,
			Tell: func(f archive.Fate) { tellFate(table, name, f) },
		})
		if refused, ok := errors.AsType[archive.RefusedError](err); ok {
			one.Failed, one.Refused, err = 1, []backup.Refused{{Peer: name, Why: refused.Error()}}, nil
			s.notef("note: nothing is removed of %s: %v", name, refused)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("remove old backups of %s: %w", name, err), table.Flush())
		}
		all = all.Plus(one)
	}
	return errors.Join(table.Flush(), p.leave(s, all))
}

// tellFate writes a line of the table.
func tellFate(table *tabwriter.Writer, peer string, f archive.Fate) {
	written := "-"
	if !f.Written.IsZero() {
		written = f.Written.UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", peer, f.What, written, f.Becomes, f.Why)
}

// leave tells the operator, and who reads along.
func (p *pruning) leave(s Streams, all backup.Pruned) error {
	did := "removed"
	if p.dry {
		did = "would remove"
	}
	s.notef("%s %d backups and %d objects of %d peers, %s; %d backups stay; locked: %d", did, all.Removed, all.Objects, all.Peers, bytesText(all.Freed), all.Kept, all.Locked)
	if p.log.path == "" {
		return nil
	}
	return disk.Replace(p.log.path, all.Message())
}

// peersOf are the peers whose records the keys know.
func peersOf(keys []string) (map[string]archive.Archive, error) {
	of := map[string][]string{}
	for _, key := range keys {
		namespace, peerNode, err := backup.Whose(key)
		if err != nil {
			return nil, err
		}
		of[namespace+"/"+peerNode] = append(of[namespace+"/"+peerNode], key)
	}
	out := map[string]archive.Archive{}
	for name, keys := range of {
		namespace, peerNode, _ := strings.Cut(name, "/")
		trust, err := backup.ParseTrust(namespace, peerNode, keys...)
		if err != nil {
			return nil, err
		}
		out[name] = archive.Archive{Namespace: namespace, PeerNode: peerNode, Trust: trust}
	}
	return out, nil
}

// kept are the sequences that the flags name, of peers whose keys are given.
func (p *pruning) kept(peers map[string]archive.Archive) (map[string][]int64, error) {
	out := map[string][]int64{}
	for _, text := range p.keep {
		name, number, _ := strings.Cut(text, ":")
		sequence, err := strconv.ParseInt(number, 10, 64)
		if _, known := peers[name]; err != nil || sequence < 1 || !known {
			return nil, fmt.Errorf("--keep-sequence %q is not NAMESPACE/NAME:NUMBER of a peer whose key is given", text)
		}
		out[name] = append(out[name], sequence)
	}
	return out, nil
}
