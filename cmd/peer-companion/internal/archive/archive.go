// SPDX-License-Identifier: Apache-2.0

// Package archive writes the data of a peer into a bucket, reads back what it wrote, and restores it, in the form of
// pkg/backup.
package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
)

// Archive are the backups of one peer in a bucket.
type Archive struct {
	Bucket              *bucket.Bucket
	Prefix              string
	Namespace, PeerNode string
	// Trust is who signs its records.
	Trust backup.Trust
}

// in is the name in the bucket of what lies in the folder of the peer.
func (a Archive) in(name string) string {
	return backup.Folder(a.Prefix, a.Namespace, a.PeerNode) + name
}

func (a Archive) data(name string) string { return a.in(backup.FolderData + name) }

// Sequences are the numbers of all records that are there, in their order. Nothing of them was looked at.
func (a Archive) Sequences(ctx context.Context) ([]int64, error) {
	names, err := a.Bucket.List(ctx, a.in(backup.FolderRecords))
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, name := range names {
		if sequence, ok := backup.ParseRecordName(strings.TrimPrefix(name, a.in(""))); ok {
			out = append(out, sequence)
		}
	}
	return out, nil
}

// Record reads one, and refuses it if the peer has not signed it as that.
func (a Archive) Record(ctx context.Context, sequence int64) (backup.Trusted, error) {
	text, err := a.Bucket.Read(ctx, a.in(backup.RecordName(sequence)), backup.MaxRecord+1)
	if err != nil {
		return backup.Trusted{}, fmt.Errorf("record of backup %d: %w", sequence, err)
	}
	trusted, err := a.Trust.Open(text, sequence)
	if err != nil {
		return backup.Trusted{}, fmt.Errorf("backup %d: %w", sequence, err)
	}
	return trusted, nil
}

// Choice is which backup is wanted: that of a number, or else the newest one that was finished by a time, or else the
// newest.
type Choice struct {
	Sequence int64
	At       time.Time
	// SHA256 is that of its record, where that is known from elsewhere.
	SHA256 *backup.Digest
}

// ErrNoBackup says that there is nothing to choose from.
var ErrNoBackup = errors.New("there is no such backup")

// Find reads the record of the backup that is wanted. Of those that are looked for by time it passes over any that the
// peer has not signed, and tells of it.
func (a Archive) Find(ctx context.Context, c Choice, tell func(string)) (backup.Trusted, error) {
	if c.Sequence > 0 {
		trusted, err := a.Record(ctx, c.Sequence)
		return trusted, errors.Join(err, c.check(trusted, err))
	}
	sequences, err := a.Sequences(ctx)
	if err != nil {
		return backup.Trusted{}, err
	}
	for i := len(sequences) - 1; i >= 0; i-- {
		trusted, err := a.Record(ctx, sequences[i])
		switch {
		case errors.Is(err, bucket.ErrDenied) || ctx.Err() != nil:
			return trusted, err
		case err != nil:
			tell(fmt.Sprintf("passed over what lies there as backup %d: %v", sequences[i], err))
		case c.At.IsZero() || !trusted.Finished.After(c.At):
			return trusted, c.check(trusted, nil)
		}
	}
	return backup.Trusted{}, ErrNoBackup
}

func (c Choice) check(trusted backup.Trusted, err error) error {
	if err == nil && c.SHA256 != nil && trusted.SHA256 != *c.SHA256 {
		return fmt.Errorf("backup %d is not the one that is on record: the SHA-256 of its record is %s, expected is %s", trusted.Sequence, trusted.SHA256, c.SHA256)
	}
	return nil
}
