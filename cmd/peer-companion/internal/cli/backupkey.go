// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/seal"
)

// A store that fails has failed, once to write and once to read, before patienceOfCopy is at its end: so the last word
// is of what went wrong, and not that time was up.
const patienceOfCopy = time.Minute

var patienceWithStore = bucket.Patience{Tries: 3, Try: 8 * time.Second, Pause: time.Second}

// backUp puts a copy of an envelope into a bucket.
type backUp struct {
	store

	log      terminationLog
	envelope string
}

func newBackUpKey(s Streams) *cobra.Command {
	var b backUp
	c := &cobra.Command{
		Use:   "back-up-key --envelope FILE --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "Put a copy of an envelope into a bucket of S3, under a name that nothing has yet; the operator runs it in a Job",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), patienceOfCopy)
			defer cancel()
			return b.log.tells(func() error { return b.run(ctx, s) })
		},
	}
	b.log.flags(c)
	c.Flags().StringVar(&b.envelope, "envelope", "", "file with the envelope")
	b.store.flags(c)
	return required(c, append([]string{"envelope"}, storeRequired...)...)
}

func (b *backUp) run(ctx context.Context, s Streams) error {
	if err := b.validate(); err != nil {
		return err
	}
	// What leaves is written anew from what was read, so it is an envelope and nothing else.
	envelope, err := readEnvelope(b.envelope, s)
	if err != nil {
		return err
	}
	to, err := b.open(patienceWithStore)
	if err != nil {
		return err
	}
	receipt, err := b.copy(ctx, s, to, envelope)
	if err != nil {
		return fmt.Errorf("back up the key: %w", err)
	}
	return b.leave(s, receipt)
}

// copy puts the envelope there, unless it is there, and looks at what lies there then.
func (b *backUp) copy(ctx context.Context, s Streams, to *bucket.Bucket, e seal.Envelope) (keybackup.Receipt, error) {
	receipt := keybackup.Receipt{Object: keybackup.Object(b.prefix, e), SHA256: keybackup.Sum(e)}
	found, err := to.Create(ctx, receipt.Object, e.Text())
	if err != nil {
		return receipt, err
	}
	if found {
		s.notef("found %s in %s", receipt.Object, to)
	} else {
		s.notef("wrote %s to %s", receipt.Object, to)
	}
	content, err := to.Read(ctx, receipt.Object, seal.MaxSize+1)
	switch {
	case errors.Is(err, bucket.ErrDenied):
		s.notef("did not read it back: these credentials may write only")
		return receipt, nil
	case errors.Is(err, bucket.ErrNotFound):
		return receipt, fmt.Errorf("%w, though it was just written; see whether %s keeps what it takes", err, to)
	case err != nil:
		return receipt, err
	case !bytes.Equal(content, e.Text()):
		return receipt, fmt.Errorf("what %s has under the name %s is not this envelope, and is not overwritten: the store has damaged it, or somebody else put it there; look at it, and move it away", to, receipt.Object)
	}
	receipt.ReadBack = true
	return receipt, nil
}

// leave tells the operator, or who stands at the terminal.
func (b *backUp) leave(s Streams, r keybackup.Receipt) error {
	if b.log.path != "" {
		return disk.Replace(b.log.path, r.Message())
	}
	_, err := fmt.Fprintln(s.Out, r.Message())
	return err
}
