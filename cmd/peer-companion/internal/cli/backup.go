// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/backup"
)

// backingUp copies the data of a peer into a bucket.
type backingUp struct {
	archived

	to                  recipients
	by                  notary
	order               archive.Order
	method, compression string
	uploadLimit         string
	signedBy            string
	verify              bool
	// trial is the folder in which what was written is restored on trial.
	trial string
}

func newBackup(s Streams) *cobra.Command {
	var b backingUp
	c := &cobra.Command{
		Use:   "backup --data DIR --name NAME -n NAMESPACE --peernode NAME -r RECIPIENT {--signing-key FILE | --unsealer-url URL ...} --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "Copy the data of a peer into a bucket of S3, sealed to recipients, and read back what was written",
		Long: "Copy the data of a peer into a bucket of S3, sealed to recipients, and read back what was written: with a key\n" +
			"that is made for this run and forgotten at its end, so no private key of a recipient has to be there. With --state\n" +
			"only blocks are stored that have changed since the last backup. Nothing counts before its record is written, which\n" +
			"is the last step; what an earlier run left unfinished is given up. The form is described in package pkg/backup.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return b.runs(c, s, func(ctx context.Context, p *archive.Progress) error { return b.run(ctx, s, p) })
		},
	}
	b.archived.flags(c)
	b.to.flags(c)
	b.by.flags(c)
	f := c.Flags()
	f.StringVar(&b.order.Folder, "data", "", "folder to copy")
	f.StringArrayVar(&b.order.Exclude, "exclude", nil, "what of it to leave out: a path in it, or a name that has no slash, in which * and ? stand for others; may be repeated")
	f.StringVar(&b.order.Name, "name", "", "what to call the backup in its record")
	f.StringVar(&b.method, "method", string(backup.MethodStopped), "how it is seen to that the data stay as they are meanwhile, for the record: Stopped, Live or Snapshot")
	f.StringVar(&b.order.State, "state", "", "file with what the next backup needs to know to store changes only; it may be in the folder, under a name that begins with .peernode-")
	f.BoolVar(&b.order.Full, "full", false, "store everything")
	f.StringVar(&b.compression, "compression", string(backup.CompressFastest), "Fastest, Default or None")
	f.StringVar(&b.uploadLimit, "limit-upload", "", "how much to send in a second, such as 20Mi; as much as there is room for when not given")
	f.StringVar(&b.trial, "trial-restore", "", "folder in which to restore what was written, to show that it can be: in its subfolder "+backup.FolderTrial+", which is emptied before. The backup is a full one then")
	f.BoolVar(&b.verify, "verify", true, "read back what was written")
	return required(c, append([]string{"data", "name"}, archivedRequired...)...)
}

func (b *backingUp) run(ctx context.Context, s Streams, p *archive.Progress) error {
	if err := b.prepare(s); err != nil {
		return err
	}
	a, err := b.openSigned(ctx, s)
	if err != nil {
		return err
	}
	b.order.Progress = p
	written, err := a.Write(ctx, b.order)
	if err != nil {
		return fmt.Errorf("back up %s: %w", b.order.Folder, err)
	}
	receipt := written.Receipt()
	receipt.Uploaded, receipt.SignedBy = written.Uploaded, b.signedBy
	s.notef("wrote backup %d to %s: %d files, %s; uploaded %s", written.Sequence, a.Bucket, written.Tree.Files, bytesText(written.Tree.Bytes), bytesText(written.Uploaded))
	if b.verify {
		if err := b.readBack(ctx, s, a, written, p, &receipt); err != nil {
			return err
		}
	}
	if b.trial != "" {
		if err := b.restore(ctx, s, a, written, p, &receipt); err != nil {
			return err
		}
	}
	if err := written.Accept(); err != nil {
		return fmt.Errorf("keep the state for the next backup: %w", err)
	}
	return b.leave(s, receipt)
}

// prepare reads what the flags name.
func (b *backingUp) prepare(s Streams) (err error) {
	b.order.Tell, b.order.Now = func(said string) { s.notef("note: %s", said) }, time.Now
	b.order.Full = b.order.Full || b.trial != ""
	b.order.Compression, b.order.Workers, b.order.Method = backup.Compression(b.compression), b.workers, backup.Method(b.method)
	if err := b.check(); err != nil {
		return err
	}
	b.order.Recipients, err = b.to.parse(s)
	return err
}

// check refuses what cannot work before anything is read or sent.
func (b *backingUp) check() error {
	for _, pattern := range b.order.Exclude {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("--exclude %q: %w", pattern, err)
		}
	}
	if methods := []backup.Method{backup.MethodStopped, backup.MethodLive, backup.MethodSnapshot}; !slices.Contains(methods, b.order.Method) {
		return fmt.Errorf("--method %q is neither Stopped nor Live nor Snapshot", b.method)
	}
	if _, err := backup.NewPacker(b.order.Compression); err != nil {
		return fmt.Errorf("--compression: %w", err)
	}
	if err := b.order.CheckState(); err != nil {
		return fmt.Errorf("--state %s: %w", b.order.State, err)
	}
	return nil
}

// slowest is how much may leave in a second at the least: all lanes together are through in half the time for a request.
const slowest = 1 << 20

// openSigned trusts the records that are signed as this one will be.
func (b *backingUp) openSigned(ctx context.Context, s Streams) (archive.Archive, error) {
	by, err := b.by.open(ctx, s, b.namespace, b.peerNode)
	if err != nil {
		return archive.Archive{}, err
	}
	b.order.Notary, b.order.StateKey, b.signedBy = by, by.state, by.keys[0]
	a, err := b.open(by.keys...)
	if err != nil || b.uploadLimit == "" {
		return a, err
	}
	limit, err := parseBytes(b.uploadLimit)
	if err != nil {
		return a, fmt.Errorf("--limit-upload: %w", err)
	}
	if limit < slowest {
		return a, fmt.Errorf("--limit-upload %s: less than 1Mi in a second is too slow for the parts of 8 MiB in which is sent, each of which has %s", b.uploadLimit, patienceWithArchive.Try)
	}
	a.Bucket = a.Bucket.Slowly(limit)
	return a, nil
}

func (b *backingUp) readBack(ctx context.Context, s Streams, a archive.Archive, w archive.Written, p *archive.Progress, r *backup.Receipt) error {
	seen, err := w.Verify(ctx, a, b.workers, p)
	if err != nil {
		return errors.Join(fmt.Errorf("backup %d was written, but it cannot be read back, so do not count on it: %w", w.Sequence, err), w.Discard(err))
	}
	r.Verified, r.Read, r.Asked, r.Unknown = new(time.Now().UTC()), seen.Read, seen.Asked, seen.Unknown
	s.notef("verified backup %d: read back %s, asked for %s of earlier ones", w.Sequence, bytesText(seen.Read), bytesText(seen.Asked))
	return nil
}

func (b *backingUp) restore(ctx context.Context, s Streams, a archive.Archive, w archive.Written, p *archive.Progress, r *backup.Receipt) error {
	err := w.TrialRestore(ctx, a, archive.Restoration{Folder: b.trial, Workers: b.workers, Progress: p, Tell: b.order.Tell})
	if err != nil {
		return errors.Join(fmt.Errorf("backup %d was written, but it cannot be restored, so do not count on it: %w", w.Sequence, err), w.Discard(err))
	}
	r.Restored = new(time.Now().UTC())
	s.notef("restored backup %d on trial in %s", w.Sequence, b.trial)
	return nil
}

// leave tells the operator, or who stands at the terminal.
func (b *backingUp) leave(s Streams, r backup.Receipt) error {
	if b.log.path != "" {
		return disk.Replace(b.log.path, r.Message())
	}
	_, err := fmt.Fprintln(s.Out, r.Message())
	return err
}

var errBytes = errors.New("it is a number of bytes such as 500000, 500k or 20Mi")
