// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	strictjson "sigs.k8s.io/json"
)

// FormatReceipt is the name of this form of receipts.
const FormatReceipt = "peernode.dev/backup-receipt/v1"

// MaxReceipt is what a kubelet keeps of a termination message, in bytes.
const MaxReceipt = 4096

// Receipt is what the pod that made a backup tells the operator, as its termination message.
type Receipt struct {
	Format string `json:"format"`
	// Name is that of the request, and Sequence and SHA256 are those of the record.
	Name     string `json:"name"`
	Sequence int64  `json:"sequence"`
	SHA256   Digest `json:"sha256"`
	// Base is the sequence of the full backup of the chain.
	Base     int64     `json:"base"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Tree     TreeInfo  `json:"tree"`
	// Segments is how many objects its blocks lie in, and Uploaded how many bytes were written for it.
	Segments int   `json:"segments"`
	Uploaded int64 `json:"uploaded"`
	// Verified is when everything that was written had been read back, opened and compared; nil if that was not done.
	Verified *time.Time `json:"verified,omitempty"`
	// Read is how many bytes were read back for that, Asked of how many of earlier backups the store was asked for their
	// checksum, and Unknown how many of those it keeps none of.
	Read    int64 `json:"read,omitempty"`
	Asked   int64 `json:"asked,omitempty"`
	Unknown int64 `json:"unknown,omitempty"`
	// Restored is when all of it had been restored on trial; nil if that was not asked for.
	Restored *time.Time `json:"restored,omitempty"`
	// SignedBy is the public key by which the record is known.
	SignedBy string `json:"signedBy"`
}

// Receipt is what there is to tell of a record.
func (t Trusted) Receipt() Receipt {
	return Receipt{
		Format: FormatReceipt, Name: t.Name, Sequence: t.Sequence, SHA256: t.SHA256, Base: t.Base,
		Started: t.Started, Finished: t.Finished, Tree: t.Tree, Segments: len(t.Segments),
	}
}

// Message is the receipt as the pod leaves it.
func (r Receipt) Message() string {
	text, _ := json.Marshal(r) // nothing in it cannot be written
	return string(text)
}

// ParseReceipt reads one. It repeats nothing of what it reads: it comes from a pod, and will be shown.
func ParseReceipt(message string) (Receipt, error) {
	var head struct {
		Format string `json:"format"`
	}
	if len(message) > MaxReceipt || json.Unmarshal([]byte(message), &head) != nil {
		return Receipt{}, errors.New("it is no receipt of a backup, or is cut off")
	}
	if head.Format != FormatReceipt {
		return Receipt{}, fmt.Errorf("it is not of the form %s; use operator and companion of one release", FormatReceipt)
	}
	var r Receipt
	unwanted, err := strictjson.UnmarshalStrict([]byte(message), &r)
	if err != nil || len(unwanted) > 0 {
		return Receipt{}, errors.New("it is damaged")
	}
	return r, r.validate()
}

func (r Receipt) validate() error {
	for _, n := range []int64{r.Tree.Files, r.Tree.Folders, r.Tree.Links, r.Tree.Bytes, r.Tree.Stored, r.Uploaded, r.Read, r.Asked, r.Unknown, int64(r.Segments)} {
		if n < 0 {
			return errors.New("it counts less than nothing")
		}
	}
	if r.Sequence < 1 || r.Sequence > lastSequence || r.Base < 1 || r.Base > r.Sequence {
		return errors.New("it is that of no backup")
	}
	return nil
}
