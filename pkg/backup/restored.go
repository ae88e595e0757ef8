// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	strictjson "sigs.k8s.io/json"
)

// FormatRestored is the name of this form of receipts.
const FormatRestored = "peernode.dev/restore-receipt/v1"

// ofPeer is what the names of peers and of their namespaces are like.
var ofPeer = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// Restored is what the pod that restored a backup tells the operator, as its termination message.
type Restored struct {
	Format string `json:"format"`
	// Namespace and PeerNode are whose data they are, Sequence and SHA256 are those of the record.
	Namespace string `json:"namespace"`
	PeerNode  string `json:"peerNode"`
	Sequence  int64  `json:"sequence"`
	SHA256    Digest `json:"sha256"`
	// Finished is when the data had been copied.
	Finished time.Time `json:"finished"`
	Tree     TreeInfo  `json:"tree"`
}

// Restored is what there is to tell once a backup was restored.
func (t Trusted) Restored() Restored {
	return Restored{
		Format: FormatRestored, Namespace: t.Namespace, PeerNode: t.PeerNode, Sequence: t.Sequence, SHA256: t.SHA256, Finished: t.Finished, Tree: t.Tree,
	}
}

// Message is the receipt as the pod leaves it.
func (r Restored) Message() string {
	text, _ := json.Marshal(r) // nothing in it cannot be written
	return string(text)
}

// ParseRestored reads one. It repeats nothing of what it reads: it comes from a pod, and will be shown.
func ParseRestored(message string) (Restored, error) {
	var head struct {
		Format string `json:"format"`
	}
	if len(message) > MaxReceipt || json.Unmarshal([]byte(message), &head) != nil {
		return Restored{}, errors.New("it is no receipt of a restore, or is cut off")
	}
	if head.Format != FormatRestored {
		return Restored{}, fmt.Errorf("it is not of the form %s; use operator and companion of one release", FormatRestored)
	}
	var r Restored
	unwanted, err := strictjson.UnmarshalStrict([]byte(message), &r)
	if err != nil || len(unwanted) > 0 {
		return Restored{}, errors.New("it is damaged")
	}
	for _, n := range []int64{r.Tree.Files, r.Tree.Folders, r.Tree.Links, r.Tree.Bytes, r.Tree.Stored} {
		if n < 0 {
			return Restored{}, errors.New("it counts less than nothing")
		}
	}
	if r.Sequence < 1 || r.Sequence > lastSequence || !ofPeer.MatchString(r.Namespace) || !ofPeer.MatchString(r.PeerNode) {
		return Restored{}, errors.New("it is that of no backup")
	}
	return r, nil
}
