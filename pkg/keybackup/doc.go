// SPDX-License-Identifier: Apache-2.0

// Package keybackup names the copies of envelopes that lie in a bucket, and carries word of one from the pod that made
// it to the operator. An envelope lies in a Secret of one cluster; a copy elsewhere outlives the cluster, and tells
// nobody more than the Secret does, since it is sealed (pkg/seal).
//
// A copy is never overwritten, so its name says what lies under it:
//
//	<prefix/>keys/<namespace>/<PeerNode>/<epoch>-<peer ID>-<first 16 digits of its SHA-256>.json
//
// The same envelope twice is one object, and a key that was sealed anew, to other recipients, is another one beside
// it. Who lists a folder sees whose keys there are without opening any.
//
// The pod has no token of the API server. It leaves one line as its termination message:
//
//	peernode.dev/key-backup v1 sha256:<of the envelope's text> read-back:yes <name of the object>
//
// read-back:no says that the credentials may write and not read, as is good practice. A copy that was found there then,
// because an earlier run of the pod had put it, has not been looked at in this one.
package keybackup
