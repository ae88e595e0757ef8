// SPDX-License-Identifier: Apache-2.0

// Package backup is the form in which the data of a peer lie in a bucket, and what can be said of it without a bucket.
//
// A backup is a commit record, which is clear text, and objects that are sealed with age (pkg/seal):
//
//	<prefix/>backups/<namespace>/<PeerNode>/records/<sequence, ten digits>.note
//	<prefix/>backups/<namespace>/<PeerNode>/data/<random name>
//
// No object is ever written over. The record is written last: without it there is no backup, only objects that nobody
// refers to. It is a signed note (golang.org/x/mod/sumdb/note) around JSON, and says of each object of the backup how
// large it is and what its digest is. So who trusts the signature can trust every byte.
//
// # Blocks, frames, segments
//
// A file is a row of chunks of 1 MiB, a chunk a row of 256 blocks of 4 KiB, of which the last may be shorter. What of a
// chunk has to be stored, which is all that is not zero in a full backup and what has changed in an incremental one, is
// one frame: blocks one after the other, compressed with zstd, or raw where that gains little. Frames one after the
// other are a segment, of some 256 MiB. An object holds one segment or the manifest, which is written in frames as well.
// The first bytes that are sealed say of which peer, backup and segment it is, so that none stands in for another.
//
// # Manifest
//
// It is a sequence of items in CBOR (RFC 8742): each entry of the tree, parents before children and names in the order
// of their bytes; after a file its chunks, with pieces that say for a run of blocks in which frame of which segment it
// lies; an end. A manifest describes the whole tree, also that of an incremental backup, whose pieces lie in segments of
// earlier backups too. So a restore reads one manifest. Blocks that no piece covers are zero, and files are sparse there.
//
// # What is compared
//
// A block's fingerprint is the beginning of the SHA-256 of a salt and its bytes. The salt is made with a full backup, and
// is known to who wrote it and who can open it: nobody else can prepare blocks that are taken for each other. A piece
// has the digest of its fingerprints, so what was read back, and what was restored, is compared with what was read from
// the disk, and not only with what was sent.
//
// # Versions
//
// A peer's credentials may write, and s3:PutObject is for names that are taken as well; AWS can demand If-None-Match by
// the condition s3:if-none-match of a policy, and not every store can. Where the bucket keeps versions, what is written
// over a name hides the version before and leaves it there. So a record says the version of each object, which is the one
// that is read, and of the versions of a record the first one counts that the peer has signed. Who backs up needs
// s3:GetObjectVersion for that, who restores s3:ListBucketVersions as well: without that, a record that was hidden is not
// found. Where the bucket keeps none, what is written over is lost, and is noticed.
//
// # Retention
//
// What goes is decided by the records that are there, who has signed them, and when the store says that it took them: by
// nothing that a peer says of its own time. A record goes before its objects, and an object when no record that stays names it,
// so whoever removes them may be killed anywhere. See Retention.
//
// # State
//
// What the writer needs for the next incremental backup it keeps beside the data of the peer: where each block lies, and
// its fingerprint. It cannot read the manifest, being no recipient. The state has an HMAC by the signing key, so a peer that
// has none cannot make up where its blocks lie. Without a state that fits, the next backup is a full one.
package backup
