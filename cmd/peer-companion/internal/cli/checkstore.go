// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/storecheck"
)

// patienceOfCheck is enough for a dozen requests to a store that is slow. One that fails ends the check with the first.
const patienceOfCheck = 3 * time.Minute

// Another check of the same store, by an earlier spec, may be trying just now whether it may delete the object. What could
// come of that is believed when it is found again.
const (
	triesInDoubt = 2
	pauseInDoubt = 2 * time.Second
)

func doubtful(f v1alpha1.BackupStoreFindings, err error) bool {
	if err != nil {
		return errors.Is(err, bucket.ErrGone)
	}
	return f.WritesOnce == v1alpha1.StoreNo || f.MultipartOnce == v1alpha1.StoreNo
}

// checkStore finds out what a store does, and what the credentials may do there.
type checkStore struct {
	store

	log       terminationLog
	name      string
	multipart bool
}

func newCheckStore(s Streams) *cobra.Command {
	var k checkStore
	c := &cobra.Command{
		Use:   "check-store --name NAME --endpoint URL --region REGION --bucket BUCKET --credentials-dir DIR",
		Short: "Find out whether a bucket of S3 keeps what is put there, and whether credentials may do more than put it; the operator runs it in Jobs",
		Long: "Find out whether a bucket of S3 keeps what is put there, and whether credentials may do more than put it, by one small\n" +
			"object: it is written only where nothing has its name yet, read back, listed, and then written over and deleted, which\n" +
			"should be refused. It stays there, and the next check finds it. The answer is one line.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), patienceOfCheck)
			defer cancel()
			return k.log.tells(func() error { return k.run(ctx, s) })
		},
	}
	k.log.flags(c)
	c.Flags().StringVar(&k.name, "name", "", "name of the object, which lies in the folder "+storecheck.Folder+" under the prefix; the same at every check")
	c.Flags().BoolVar(&k.multipart, "multipart", false, "try uploads in parts as well, as backups of data need them")
	k.store.flags(c)
	return required(c, append([]string{"name"}, storeRequired...)...)
}

func (k *checkStore) run(ctx context.Context, s Streams) error {
	if err := storecheck.CheckName(k.name); err != nil {
		return err
	}
	to, err := k.open(patienceWithStore)
	if err != nil {
		return err
	}
	trial := to.Trial(storecheck.Object(k.prefix, k.name), []byte(storecheck.Content))
	found, err := k.find(ctx, trial)
	for again := 0; again < triesInDoubt && doubtful(found, err); again++ {
		s.notef("somebody may have taken the object away meanwhile; trying again")
		pause(ctx, pauseInDoubt)
		found, err = k.find(ctx, trial)
	}
	if err != nil {
		return fmt.Errorf("check the store: %w", err)
	}
	return k.leave(s, storecheck.Message(found))
}

// pause waits, or until there is no more time.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// find tries what a store has to do first, and what it should refuse last.
func (k *checkStore) find(ctx context.Context, t bucket.Trial) (f v1alpha1.BackupStoreFindings, err error) {
	f.MultipartOnce = v1alpha1.StoreUnknown
	if f.WritesOnce, err = t.WritesOnce(ctx); err != nil {
		return f, err
	}
	if k.multipart {
		if f.MultipartOnce, err = t.MultipartOnce(ctx); err != nil {
			return f, err
		}
	}
	kept, err := t.ReadBack(ctx)
	if err != nil {
		return f, err
	}
	f.ReadsBack, f.Encryption = kept.Reads, kept.Encryption
	if f.Lists, err = t.Lists(ctx, storecheck.Under(k.prefix)); err != nil {
		return f, err
	}
	if err := k.ask(ctx, t, &f); err != nil {
		return f, err
	}
	if kept.Versioned {
		f.Versioning = v1alpha1.VersioningEnabled
	}
	return f, k.trespass(ctx, t, &f)
}

// ask for how the bucket is set up.
func (*checkStore) ask(ctx context.Context, t bucket.Trial, f *v1alpha1.BackupStoreFindings) (err error) {
	if f.Versioning, err = t.Versioning(ctx); err != nil {
		return err
	}
	f.ObjectLock, f.ObjectLockPeriod, err = t.Lock(ctx)
	return err
}

// trespass does what a writer of backups should not be able to. Where the bucket keeps versions each check would leave
// another one, and nothing is lost by it.
func (*checkStore) trespass(ctx context.Context, t bucket.Trial, f *v1alpha1.BackupStoreFindings) (err error) {
	f.MayOverwrite = v1alpha1.StoreUnknown
	if f.Versioning != v1alpha1.VersioningEnabled {
		var versioned bool
		if f.MayOverwrite, versioned, err = t.MayOverwrite(ctx); err != nil {
			return err
		}
		if versioned { // Who may neither read nor ask learns it here.
			f.Versioning = v1alpha1.VersioningEnabled
		}
	}
	f.MayDelete, err = t.MayDelete(ctx)
	return err
}

// leave tells the operator, or who stands at the terminal.
func (k *checkStore) leave(s Streams, message string) error {
	if k.log.path != "" {
		return disk.Replace(k.log.path, message)
	}
	_, err := fmt.Fprintln(s.Out, message)
	return err
}
