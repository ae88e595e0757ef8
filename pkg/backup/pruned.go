// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	strictjson "sigs.k8s.io/json"
)

// FormatPruned is the name of this form of reports.
const FormatPruned = "peernode.dev/prune/v1"

// Pruned is what came of removing old backups, of any number of peers.
type Pruned struct {
	Format string `json:"format"`
	// Peers is of how many peers the backups were looked at.
	Peers int32 `json:"peers"`
	// Kept is how many backups there are now, and Removed how many went.
	Kept    int32 `json:"kept"`
	Removed int32 `json:"removed"`
	// Postponed is how many of those that are kept are old, and left to the next run.
	Postponed int32 `json:"postponed,omitempty"`
	// Strange is how many records stay that are not good: signed by no trusted key, or without some of their objects.
	Strange int32 `json:"strange,omitempty"`
	// Garbage is how many of those went.
	Garbage int32 `json:"garbage,omitempty"`
	// Objects is how many objects went that no record names any more, and Freed how many bytes went in all.
	Objects int32 `json:"objects"`
	Freed   int64 `json:"freed"`
	// Locked is how many records and objects were to go, and the store does not let go yet.
	Locked int32 `json:"locked,omitempty"`
	// Failed is of how many peers nothing was removed because something stood against it, and Refused what, for some of them.
	Failed  int32     `json:"failed,omitempty"`
	Refused []Refused `json:"refused,omitempty"`
}

// Refused is why nothing more was removed of one peer.
type Refused struct {
	Peer string `json:"peer"`
	Why  string `json:"why"`
}

// Plus counts other peers as well.
func (p Pruned) Plus(o Pruned) Pruned {
	p.Peers, p.Kept, p.Removed, p.Postponed = p.Peers+o.Peers, p.Kept+o.Kept, p.Removed+o.Removed, p.Postponed+o.Postponed
	p.Strange, p.Garbage, p.Objects, p.Freed = p.Strange+o.Strange, p.Garbage+o.Garbage, p.Objects+o.Objects, p.Freed+o.Freed
	p.Locked, p.Failed, p.Refused = p.Locked+o.Locked, p.Failed+o.Failed, append(p.Refused, o.Refused...)
	return p
}

// longestWhy is how many bytes of a reason are told.
const longestWhy = 300

// Message is the report as the pod leaves it, with as many reasons as there is room for.
func (p Pruned) Message() string {
	p.Format, p.Refused = FormatPruned, slices.Clone(p.Refused)
	for i, r := range p.Refused {
		p.Refused[i].Why = r.Why[:min(len(r.Why), longestWhy)]
	}
	for {
		text, _ := json.Marshal(p) // nothing in it cannot be written
		if len(text) <= MaxReceipt {
			return string(text)
		}
		p.Refused = p.Refused[:len(p.Refused)-1]
	}
}

// ParsePruned reads a report. It repeats nothing of what it cannot read: it comes from a pod, and will be shown.
func ParsePruned(message string) (Pruned, error) {
	var head struct {
		Format string `json:"format"`
	}
	if len(message) > MaxReceipt || json.Unmarshal([]byte(message), &head) != nil {
		return Pruned{}, errors.New("it is no report of what was removed, or is cut off")
	}
	if head.Format != FormatPruned {
		return Pruned{}, fmt.Errorf("it is not of the form %s; use operator and companion of one release", FormatPruned)
	}
	var p Pruned
	unwanted, err := strictjson.UnmarshalStrict([]byte(message), &p)
	if err != nil || len(unwanted) > 0 {
		return Pruned{}, errors.New("it is damaged")
	}
	for _, n := range []int64{
		int64(p.Peers), int64(p.Kept), int64(p.Removed), int64(p.Postponed), int64(p.Strange), int64(p.Garbage), int64(p.Objects), p.Freed, int64(p.Locked), int64(p.Failed),
	} {
		if n < 0 {
			return Pruned{}, errors.New("it counts less than nothing")
		}
	}
	return p, nil
}
