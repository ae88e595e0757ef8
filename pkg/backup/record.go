// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	strictjson "sigs.k8s.io/json"

	"github.com/peernode/operator/pkg/seal"
)

// Format and Version name this form of records.
const (
	FormatRecord  = "peernode.dev/backup"
	VersionRecord = 1
)

const (
	// MaxRecord is the most, in bytes, that a record may have.
	MaxRecord = 8 << 20
	// MaxSegments is how many segments a chain may have before the next backup is a full one. The record of so many has
	// 1 MB, half of what the unsealer signs.
	MaxSegments = 3_000
)

// Method is how it was seen to that the data were whole while they were copied.
type Method string

// The methods.
const (
	// MethodStopped copies while the peer does not run.
	MethodStopped Method = "Stopped"
	// MethodLive copies while it runs, as its software allows.
	MethodLive Method = "Live"
	// MethodSnapshot copies a snapshot of the volume.
	MethodSnapshot Method = "Snapshot"
)

// Record is the commit record of a backup.
type Record struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Namespace and PeerNode are whose data they are.
	Namespace string `json:"namespace"`
	PeerNode  string `json:"peerNode"`
	// Sequence counts the backups of the peer, from 1.
	Sequence int64 `json:"sequence"`
	// Name is that of the request which it answers.
	Name string `json:"name"`
	// Method is how the data were copied.
	Method Method `json:"method"`
	// Started and Finished are by the clock of who wrote it.
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	// Base is the sequence of the full backup of the chain, its own for a full one. Parent is the backup from which an
	// incremental one goes on.
	Base   int64   `json:"base"`
	Parent *Parent `json:"parent,omitempty"`
	// Recipients are those who can open it.
	Recipients []seal.RecipientInfo `json:"recipients"`
	// Manifest and Segments are the objects of which it consists. Pieces of the manifest say the number of a segment in
	// this list.
	Manifest Object    `json:"manifest"`
	Segments []Segment `json:"segments"`
	// Tree is what the manifest describes.
	Tree TreeInfo `json:"tree"`
}

// Parent is an earlier backup.
type Parent struct {
	Sequence int64 `json:"sequence"`
	// SHA256 is that of its record.
	SHA256 Digest `json:"sha256"`
}

// Segment is an object with blocks.
type Segment struct {
	Object

	// Sequence is the backup that wrote it, and Number which of its segments it is.
	Sequence int64  `json:"sequence"`
	Number   uint32 `json:"number"`
}

// TreeInfo is how large a tree is.
type TreeInfo struct {
	Files   int64 `json:"files"`
	Folders int64 `json:"folders"`
	Links   int64 `json:"links"`
	Bytes   int64 `json:"bytes"`
	Stored  int64 `json:"stored"`
}

// Info is the same for people.
func (t *Totals) Info() TreeInfo {
	return TreeInfo{Files: t.Files, Folders: t.Folders, Links: t.Links, Bytes: t.Bytes, Stored: t.Stored}
}

// Label is that of a segment of the peer.
func (r Record) Label(s Segment) Label {
	return Label{Format: FormatSegment, Namespace: r.Namespace, PeerNode: r.PeerNode, Sequence: s.Sequence, Content: ContentBlocks, Number: s.Number}
}

// ManifestLabel is that of the manifest.
func (r Record) ManifestLabel() Label {
	return Label{Format: FormatSegment, Namespace: r.Namespace, PeerNode: r.PeerNode, Sequence: r.Sequence, Content: ContentManifest}
}

// Full says whether nothing of it lies in earlier backups.
func (r Record) Full() bool { return r.Base == r.Sequence }

// Own are the segments that were written for it.
func (r Record) Own() []Segment {
	var out []Segment
	for _, s := range r.Segments {
		if s.Sequence == r.Sequence {
			out = append(out, s)
		}
	}
	return out
}

// Text is the record as it is signed.
func (r Record) Text() (string, error) {
	r.Format, r.Version = FormatRecord, VersionRecord
	if err := r.validate(); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(r, "", " ")
	return string(text) + "\n", err
}

// ParseRecord reads a record that nobody has signed yet, or whose signature has been checked.
func ParseRecord(text string) (Record, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal([]byte(text), &head); err != nil || head.Format != FormatRecord {
		return Record{}, errors.New("it is no record of a backup")
	}
	if head.Version != VersionRecord {
		return Record{}, fmt.Errorf("it is of version %d, this program knows version %d; use the one that made it, or a later one", head.Version, VersionRecord)
	}
	var r Record
	unwanted, err := strictjson.UnmarshalStrict([]byte(text), &r)
	if err := errors.Join(append(unwanted, err)...); err != nil {
		return Record{}, err
	}
	return r, r.validate()
}

func (r Record) validate() error {
	switch {
	case r.Namespace == "" || r.PeerNode == "":
		return errors.New("it does not say whose backup it is")
	case r.Sequence < 1 || r.Sequence > lastSequence:
		return fmt.Errorf("sequence %d is none", r.Sequence)
	case r.Base < 1 || r.Base > r.Sequence || (r.Parent == nil) != (r.Base == r.Sequence):
		return errors.New("it is neither a full backup nor one with a parent")
	case r.Parent != nil && (r.Parent.Sequence < r.Base || r.Parent.Sequence >= r.Sequence):
		return errors.New("its parent is not of its chain")
	case len(r.Recipients) == 0:
		return errors.New("it has no recipient")
	}
	return r.validateObjects()
}

func (r Record) validateObjects() error {
	if err := r.Manifest.validate(); err != nil {
		return err
	}
	names, places := map[string]bool{r.Manifest.Name: true}, map[Label]bool{}
	for _, s := range r.Segments {
		if err := s.validate(); err != nil {
			return err
		}
		if s.Sequence < r.Base || s.Sequence > r.Sequence {
			return fmt.Errorf("segment %s is of backup %d, which is not of its chain", s.Name, s.Sequence)
		}
		if names[s.Name] || places[r.Label(s)] {
			return fmt.Errorf("segment %s is there twice", s.Name)
		}
		names[s.Name], places[r.Label(s)] = true, true
	}
	return nil
}

// Named are the objects that a text names which looks like a record, whoever has signed it, or nobody.
func Named(text []byte) []string {
	type named struct {
		Name string `json:"name"`
	}
	var r struct {
		Manifest named   `json:"manifest"`
		Segments []named `json:"segments"`
	}
	// It is followed by signatures.
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&r); err != nil {
		return nil
	}
	out := make([]string, 0, 1+len(r.Segments))
	for _, o := range append(r.Segments, r.Manifest) {
		if objectName.MatchString(o.Name) {
			out = append(out, o.Name)
		}
	}
	return out
}
