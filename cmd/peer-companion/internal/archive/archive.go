// SPDX-License-Identifier: Apache-2.0

// Package archive writes the data of a peer into a bucket, reads back what it wrote, and restores it, in the form of
// pkg/backup.
package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Lanes are the memory for parts of objects on their way, of which there are Lanes. What is written is on its way at other
	// times than what is read.
	Lanes bucket.Lanes
}

// Lanes are enough: one for the manifest, one for the segment that is filled, the others on their way.
const Lanes = 6

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

// refusedError is what is wrong with a record that was read. One that could not be read is none.
type refusedError struct{ error }

// Unwrap is for errors.Is.
func (r refusedError) Unwrap() error { return r.error }

// Record reads one, and refuses it if the peer has not signed it as that. Where the bucket keeps versions, it is the
// first that was put there: whoever may write can hide it behind another, and may have the key by then.
func (a Archive) Record(ctx context.Context, sequence int64) (backup.Trusted, error) {
	return a.record(ctx, Choice{Sequence: sequence})
}

func (a Archive) record(ctx context.Context, c Choice) (backup.Trusted, error) {
	name := a.in(backup.RecordName(c.Sequence))
	versions, err := a.Bucket.Versions(ctx, name)
	if err != nil {
		return backup.Trusted{}, fmt.Errorf("record of backup %d: %w", c.Sequence, err)
	}
	if len(versions) < 2 { // then it needs no right to read versions
		versions = []string{""}
	}
	var refused error
	for _, version := range versions {
		text, err := a.Bucket.ReadVersion(ctx, name, version, backup.MaxRecord+1)
		if err != nil {
			return backup.Trusted{}, fmt.Errorf("record of backup %d: %w", c.Sequence, err)
		}
		trusted, err := a.Trust.Open(text, c.Sequence)
		if err = errors.Join(err, c.check(trusted, err)); err == nil {
			return trusted, nil
		}
		if refused == nil {
			refused = err
		}
	}
	return backup.Trusted{}, refusedError{fmt.Errorf("backup %d: %w", c.Sequence, refused)}
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
// peer has not signed, and tells of it. It passes over none that cannot be read: an older backup is another one.
func (a Archive) Find(ctx context.Context, c Choice, tell func(string)) (backup.Trusted, error) {
	if c.Sequence > 0 {
		return a.record(ctx, c)
	}
	sequences, err := a.Sequences(ctx)
	if err != nil {
		return backup.Trusted{}, err
	}
	for _, sequence := range slices.Backward(sequences) {
		trusted, err := a.Record(ctx, sequence)
		refused, not := errors.AsType[refusedError](err)
		switch {
		case not:
			tell(fmt.Sprintf("passed over what lies there as %v", refused))
		case err != nil:
			return trusted, err
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
