// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// Reader reads a log piece by piece while the API server goes on writing it.
type Reader struct {
	path   string
	offset int64
	user   []byte
}

// NewReader returns a reader from the log's beginning.
func NewReader(path string) *Reader { return &Reader{path: path} }

// NewReaderAt returns a reader from an offset that Offset once returned.
func NewReaderAt(path string, offset int64) *Reader { return &Reader{path: path, offset: offset} }

// Only leaves out what other users asked for themselves, without parsing it: on a busy API server most of a log.
func (r *Reader) Only(user string) *Reader {
	name, _ := json.Marshal(user) //nolint:errchkjson // A string is always JSON.
	r.user = slices.Concat([]byte(`"username":`), name)
	return r
}

// Offset is where the next Read begins.
func (r *Reader) Offset() int64 { return r.offset }

// SkipToEnd makes the next Read begin with what is not written yet.
func (r *Reader) SkipToEnd() error {
	_, err := r.Read()
	return err
}

// Read returns the entries since the last Read. A line that is still being written is left for the next time. The API server writes an
// entry before the client has the whole answer, so what a caller has seen answered is in the log.
func (r *Reader) Read() ([]Entry, error) {
	file, err := os.Open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing was asked yet
	}
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(r.offset, io.SeekStart); err != nil {
		return nil, fmt.Errorf("seek in the audit log: %w", err)
	}
	var entries []Entry
	lines := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		if !bytes.Contains(line, r.user) {
			r.offset += int64(len(line))
			continue
		}
		entry, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("audit log at offset %d: %w", r.offset, err)
		}
		r.offset += int64(len(line))
		entries = append(entries, entry)
	}
}

// event is the part of audit.k8s.io/v1 Event that an Entry is made of.
type event struct {
	AuditID          string    `json:"auditID"`
	Stage            string    `json:"stage"`
	Verb             string    `json:"verb"`
	RequestURI       string    `json:"requestURI"`
	UserAgent        string    `json:"userAgent"`
	User             user      `json:"user"`
	ImpersonatedUser *user     `json:"impersonatedUser"`
	ObjectRef        objectRef `json:"objectRef"`
	ResponseStatus   struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	RequestReceivedTimestamp time.Time `json:"requestReceivedTimestamp"`
	StageTimestamp           time.Time `json:"stageTimestamp"`
}

type user struct {
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
}

type objectRef struct {
	APIGroup    string `json:"apiGroup"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
}

func parse(line []byte) (Entry, error) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, fmt.Errorf("parse an entry: %w", err)
	}
	who := e.User
	if e.ImpersonatedUser != nil {
		who = *e.ImpersonatedUser // the rights that counted
	}
	return Entry{
		ID: e.AuditID, Stage: e.Stage, Verb: e.Verb, URI: e.RequestURI,
		User: who.Username, Groups: who.Groups, UserAgent: e.UserAgent,
		Group: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource, Subresource: e.ObjectRef.Subresource,
		Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name,
		Code: e.ResponseStatus.Code, Received: e.RequestReceivedTimestamp, Answered: e.StageTimestamp,
	}, nil
}
