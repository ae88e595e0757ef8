// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/base32"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Folder is where in a bucket the backups of a peer lie. It ends in a slash.
func Folder(prefix, namespace, peerNode string) string {
	folder := fmt.Sprintf("backups/%s/%s/", namespace, peerNode)
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		folder = prefix + "/" + folder
	}
	return folder
}

// Folders in that of a peer.
const (
	FolderRecords = "records/"
	FolderData    = "data/"
)

// FolderTrial is the folder, in a volume for that, into which a backup is restored on trial.
const FolderTrial = "restored"

// lastSequence is the largest number that a name has room for.
const lastSequence = 9_999_999_999

// RecordName is the name of a record in the folder of its peer.
func RecordName(sequence int64) string { return fmt.Sprintf("%s%010d.note", FolderRecords, sequence) }

var recordName = regexp.MustCompile(`^records/([0-9]{10})\.note$`)

// ParseRecordName is the reverse of RecordName, false for any other name.
func ParseRecordName(name string) (sequence int64, ok bool) {
	found := recordName.FindStringSubmatch(name)
	if found == nil {
		return 0, false
	}
	sequence, err := strconv.ParseInt(found[1], 10, 64)
	return sequence, err == nil && sequence > 0
}

var objectName = regexp.MustCompile(`^[a-z2-7]{26}$`)

// NewObjectName makes a name that nobody can foresee, from a source of entropy.
func NewObjectName(entropy io.Reader) (string, error) {
	var random [16]byte
	if _, err := io.ReadFull(entropy, random[:]); err != nil {
		return "", err
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:])), nil
}

// reach is how far from the latest backup a name is still taken for one of a backup whose key nobody knows any more.
const reach = 100_000

// NextSequence is the number for a backup after the latest one that holds, and after all names within reach that are taken:
// numbers grow, also when a key is replaced and the first backups are gone. Whoever may write could take the last name that
// there is, or the next ones, so what is further away says nothing, and what is near costs some numbers.
func NextSequence(latest int64, taken []int64) int64 {
	next := latest + 1
	for _, sequence := range taken {
		if sequence-latest <= reach {
			next = max(next, sequence+1)
		}
	}
	return next
}

// ParseObjectName is the last part of the name of an object in the folder of its peer, false for any other name.
func ParseObjectName(name string) (string, bool) {
	last, ok := strings.CutPrefix(name, FolderData)
	return last, ok && objectName.MatchString(last)
}
