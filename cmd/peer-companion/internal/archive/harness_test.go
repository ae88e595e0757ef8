// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// peer is one with data, a bucket, and somebody who can restore it.
type peer struct {
	testing.TB

	archive.Archive
	order  archive.Order
	opener seal.Opener
	said   []string
}

// newPeer makes a peer with keys of its own.
func newPeer(t testing.TB, m *memory, name string) *peer {
	t.Helper()
	private, public, err := backup.NewSigningKey(rand.Reader, "peers", name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := backup.ParseSigner(private, "peers", name)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := backup.ParseTrust("peers", name, public)
	if err != nil {
		t.Fatal(err)
	}
	opener, err := seal.NewOpenerOf(seal.X25519)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &peer{TB: t, opener: opener, Archive: archive.Archive{Bucket: m.serve(t), Prefix: "berlin", Namespace: "peers", PeerNode: name, Trust: trust, Lanes: bucket.NewLanes(archive.Lanes)}}
	p.order = archive.Order{
		Folder: filepath.Join(dir, "data"), State: filepath.Join(dir, "state"), Name: "daily", Method: backup.MethodStopped,
		Recipients: []seal.Recipient{opener.Recipient()}, Notary: own{signer}, StateKey: signer.StateKey(), Compression: backup.CompressFastest, Workers: 2,
		SegmentSize: 60 << 10, Now: time.Now, Progress: &archive.Progress{}, Tell: func(s string) { p.said = append(p.said, s) },
	}
	if err := os.Mkdir(p.order.Folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// own signs with the key of the peer.
type own struct{ backup.Signer }

func (o own) Sign(_ context.Context, r backup.Record) ([]byte, error) { return o.Signer.Sign(r) }

// file writes noise, or what is given.
func (p *peer) file(name string, seed uint64, size int) {
	p.Helper()
	content := make([]byte, size)
	r := mathrand.New(mathrand.NewPCG(seed, 9))
	for at := 0; at+8 <= size; at += 8 {
		binary.LittleEndian.PutUint64(content[at:], r.Uint64())
	}
	path := filepath.Join(p.order.Folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.Fatal(err)
	}
}

// write makes a backup and reads it back.
func (p *peer) write() (archive.Written, error) {
	w, err := p.Write(p.Context(), p.order)
	if err != nil {
		return w, err
	}
	if _, err := w.Verify(p.Context(), p.Archive, 2, p.order.Progress); err != nil {
		return w, fmt.Errorf("verify: %w (%w)", err, w.Discard(err))
	}
	return w, w.Accept()
}

func (p *peer) must() archive.Written {
	p.Helper()
	w, err := p.write()
	if err != nil {
		p.Fatal(err)
	}
	return w
}

// restore finds a backup, and restores it into a new folder.
func (p *peer) restore(a archive.Archive, c archive.Choice, openers ...seal.Opener) (string, error) {
	p.Helper()
	to, err := os.MkdirTemp(p.TempDir(), "")
	if err != nil {
		p.Fatal(err)
	}
	return to, p.restoreTo(a, to, c, openers...)
}

func (p *peer) restoreTo(a archive.Archive, to string, c archive.Choice, openers ...seal.Opener) error {
	p.Helper()
	if openers == nil {
		openers = []seal.Opener{p.opener}
	}
	found, err := a.Find(p.Context(), c, func(string) {})
	if err != nil {
		return err
	}
	_, err = a.Restore(p.Context(), found, archive.Restoration{
		Folder: to, Openers: openers, Workers: 1, Progress: &archive.Progress{}, Tell: func(string) {},
	})
	return err
}

// tree is what can be seen of a folder.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		line := fmt.Sprintf("%v %d:%d %s", info.Mode(), stat.Uid, stat.Gid, info.ModTime().UTC().Format(time.RFC3339Nano))
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %x", len(content), sha256.Sum256(content))
		}
		out[name] = line
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// empty fails if there is anything in a folder.
func empty(t testing.TB, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) > 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

// heard says whether something was told.
func (p *peer) heard(what string) bool { return strings.Contains(strings.Join(p.said, "\n"), what) }
