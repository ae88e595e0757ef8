// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/backup"
)

func newVerify(s Streams) *cobra.Command {
	var r reading
	c := &cobra.Command{
		Use:   "verify -n NAMESPACE --peernode NAME --trust KEY --identity RECOVERY-KEY --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "Read all of a backup from a bucket, open it, and compare it with what was read from the peer's disk",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return r.runs(c, s, func(ctx context.Context, p *archive.Progress) error { return r.verify(ctx, s, p) })
		},
	}
	r.flags(c)
	r.identityFlag(c)
	return required(c, append([]string{"identity"}, archivedRequired...)...)
}

func (r *reading) verify(ctx context.Context, s Streams, p *archive.Progress) error {
	a, err := r.open()
	if err != nil {
		return err
	}
	openers, err := readOpeners(r.identity, s)
	if err != nil {
		return err
	}
	t, err := r.find(ctx, s, a)
	if err != nil {
		return err
	}
	seen, err := a.Verify(ctx, t, openers, r.workers, p)
	if err != nil {
		return fmt.Errorf("backup %d is not good: %w", t.Sequence, err)
	}
	s.notef("backup %d of %s is good: read %s, %d files, %s", t.Sequence, t.Finished, bytesText(seen.Read), t.Tree.Files, bytesText(t.Tree.Bytes))
	return nil
}

func newRestore(s Streams) *cobra.Command {
	var r reading
	var to string
	c := &cobra.Command{
		Use:   "restore --to DIR -n NAMESPACE --peernode NAME --trust KEY --identity RECOVERY-KEY --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "Restore the data of a peer from a bucket into an empty folder",
		Long: "Restore the data of a peer from a bucket into an empty folder. Nothing comes to its place there before all of the\n" +
			"backup was read, opened, written to a folder beside, and compared with what was read from the peer's disk once. A\n" +
			"restore that was interrupted is taken up, or begun anew, by running it again.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return r.runs(c, s, func(ctx context.Context, p *archive.Progress) error { return r.restore(ctx, s, p, to) })
		},
	}
	r.flags(c)
	r.identityFlag(c)
	c.Flags().StringVar(&to, "to", "", "empty folder for the data")
	return required(c, append([]string{"to", "identity"}, archivedRequired...)...)
}

func (r *reading) restore(ctx context.Context, s Streams, p *archive.Progress, to string) error {
	a, err := r.open()
	if err != nil {
		return err
	}
	openers, err := readOpeners(r.identity, s)
	if err != nil {
		return err
	}
	t, err := r.find(ctx, s, a)
	if err != nil {
		return err
	}
	tree, err := a.Restore(ctx, t, archive.Restoration{
		Folder: to, Openers: openers, Workers: r.workers, Progress: p, Tell: func(said string) { s.notef("note: %s", said) },
	})
	if err != nil {
		return fmt.Errorf("restore backup %d: %w", t.Sequence, err)
	}
	s.notef("restored backup %d of %s into %s: %d files, %s", t.Sequence, t.Finished, to, tree.Files, bytesText(tree.Bytes))
	if r.log.path == "" {
		return nil
	}
	return disk.Replace(r.log.path, t.Restored().Message())
}

func newBackups(s Streams) *cobra.Command {
	var r reading
	c := &cobra.Command{
		Use:   "backups -n NAMESPACE --peernode NAME --trust KEY --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "List the backups of a peer in a bucket, by their records",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return r.runs(c, s, func(ctx context.Context, _ *archive.Progress) error { return r.list(ctx, s) })
		},
	}
	r.flags(c)
	return required(c, archivedRequired...)
}

func (r *reading) list(ctx context.Context, s Streams) error {
	a, err := r.open()
	if err != nil {
		return err
	}
	sequences, err := a.Sequences(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, sequence := range sequences {
		t, err := a.Record(ctx, sequence)
		if err != nil {
			s.notef("note: %v", err)
			continue
		}
		describe(table, t)
	}
	return table.Flush()
}

func newSigningKey(s Streams) *cobra.Command {
	var namespace, peerNode, out string
	c := &cobra.Command{
		Use:   "signing-key -n NAMESPACE --peernode NAME --out FILE",
		Short: "Make a private key that signs the records of a peer's backups, and print the public one, which restores need",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			private, public, err := backup.NewSigningKey(rand.Reader, namespace, peerNode)
			if err != nil {
				return err
			}
			if err := disk.Create(out, 0o600, []byte(private+"\n")); err != nil {
				return fmt.Errorf("write the signing key: %w", err)
			}
			_, err = fmt.Fprintln(s.Out, public)
			return err
		},
	}
	c.Flags().StringVarP(&namespace, flagNamespace, "n", "", "namespace of the PeerNode")
	c.Flags().StringVar(&peerNode, flagPeerNode, "", "name of the PeerNode")
	c.Flags().StringVarP(&out, "out", "o", "", "new file for the private key")
	return required(c, flagNamespace, flagPeerNode, "out")
}

// parseBytes reads a number of bytes as Kubernetes writes them.
func parseBytes(text string) (int64, error) {
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Value() < 1 {
		return 0, errBytes
	}
	return q.Value(), nil
}
