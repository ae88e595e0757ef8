// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// scene is a bucket with the backups of two peers, of which somebody changes something.
type scene struct {
	alpha, beta *peer
	bucket      *memory
	// backups of alpha: a full one, two that go on from it, and a full one again.
	backups []archive.Written
	// foreign is a full backup of beta.
	foreign archive.Written
	trees   map[int64]map[string]string
	// needs are the names of all that a backup consists of, the record's first. An earlier segment of which everything
	// has changed since is not among them.
	needs map[int64][]string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	m := newMemory()
	s := &scene{alpha: newPeer(t, m, "alpha"), beta: newPeer(t, m, "beta"), bucket: m, trees: map[int64]map[string]string{}}
	s.beta.file("data", 77, 100<<10)
	s.foreign = s.beta.must()
	s.alpha.file("a", 1, 150<<10)
	s.alpha.file("b/c", 2, 90<<10)
	for i := range uint64(4) {
		s.alpha.file("b/d", 3+i, 70<<10)
		s.alpha.order.Full = i == 3
		w := s.alpha.must()
		s.backups = append(s.backups, w)
		s.trees[w.Sequence] = tree(t, s.alpha.order.Folder)
	}
	for _, w := range s.backups[:3] {
		if w.Base != 1 || len(w.Segments) < 2 {
			t.Fatalf("backup %d has %d segments and the base %d", w.Sequence, len(w.Segments), w.Base)
		}
	}
	s.needs = map[int64][]string{}
	for _, w := range s.backups {
		s.needs[w.Sequence] = s.findNeeds(w)
	}
	return s
}

// findNeeds takes one segment away after the other.
func (s *scene) findNeeds(w archive.Written) []string {
	out := []string{s.record(w.Sequence), data(w.Manifest.Name)}
	m := s.bucket.copied()
	a := in(s.alpha.Archive, m.serve(s.alpha))
	for _, segment := range w.Segments {
		delete(m.objects, data(segment.Name))
		to, err := s.alpha.restore(a, archive.Choice{Sequence: w.Sequence})
		if err != nil {
			out = append(out, data(segment.Name))
		} else if diff := cmp.Diff(s.trees[w.Sequence], tree(s.alpha, to)); diff != "" {
			s.alpha.Fatalf("backup %d without segment %s (-was +is):\n%s", w.Sequence, segment.Name, diff)
		}
		m.objects[data(segment.Name)] = s.bucket.objects[data(segment.Name)]
	}
	if len(out) < 4 {
		s.alpha.Fatalf("backup %d needs %d objects", w.Sequence, len(out))
	}
	return out
}

func (s *scene) record(sequence int64) string {
	return "berlin/backups/peers/alpha/" + backup.RecordName(sequence)
}

func data(name string) string { return "berlin/backups/peers/alpha/data/" + name }

// attack is one change, made to a bucket that is the attacker's. It says the key by which the restore is tried, nil for
// the right one.
type attack struct {
	*scene

	*memory
	*rand.Rand
	target archive.Written
}

// any is one of the objects of the target.
func (a *attack) any() string {
	names := a.needs[a.target.Sequence]
	return names[a.IntN(len(names))]
}

// anyData is one that is sealed.
func (a *attack) anyData() string {
	names := a.needs[a.target.Sequence][1:]
	return names[a.IntN(len(names))]
}

// other is a backup of alpha that is not the target.
func (a *attack) other() archive.Written {
	for {
		if w := a.backups[a.IntN(len(a.backups))]; w.Sequence != a.target.Sequence {
			return w
		}
	}
}

func (a *attack) note() (text, signature string) {
	text, signature, _ = strings.Cut(string(a.objects[a.record(a.target.Sequence)]), "\n\n")
	return text + "\n", "\n" + signature
}

func (a *attack) setRecord(text string) { a.objects[a.record(a.target.Sequence)] = []byte(text) }

var number = regexp.MustCompile(`[0-9]+`)

// attacks are the classes. Each changes something that the restore of the target depends on.
var attacks = map[string]func(a *attack) []seal.Opener{
	"a bit is another": func(a *attack) []seal.Opener {
		name := a.any()
		content := bytes.Clone(a.objects[name])
		content[a.IntN(len(content))] ^= 1 << a.IntN(8)
		a.objects[name] = content
		return nil
	},
	"an object is cut off": func(a *attack) []seal.Opener {
		name := a.any()
		a.objects[name] = a.objects[name][:a.IntN(len(a.objects[name]))]
		return nil
	},
	"an object is longer": func(a *attack) []seal.Opener {
		name := a.any()
		more := make([]byte, 1+a.IntN(100))
		for i := range more {
			more[i] = byte(a.Uint32())
		}
		a.objects[name] = append(bytes.Clone(a.objects[name]), more...)
		return nil
	},
	"an object is gone": func(a *attack) []seal.Opener {
		delete(a.objects, a.any())
		return nil
	},
	"two objects have changed places": func(a *attack) []seal.Opener {
		names := a.needs[a.target.Sequence]
		one := a.IntN(len(names))
		two := (one + 1 + a.IntN(len(names)-1)) % len(names)
		a.objects[names[one]], a.objects[names[two]] = a.objects[names[two]], a.objects[names[one]]
		return nil
	},
	"an object is there in the place of another": func(a *attack) []seal.Opener {
		names := a.needs[a.target.Sequence]
		one := a.IntN(len(names))
		two := (one + 1 + a.IntN(len(names)-1)) % len(names)
		a.objects[names[one]] = a.objects[names[two]]
		return nil
	},
	"a record of another backup lies there": func(a *attack) []seal.Opener {
		a.objects[a.record(a.target.Sequence)] = a.objects[a.record(a.other().Sequence)]
		return nil
	},
	"an object of another backup lies there": func(a *attack) []seal.Opener {
		other := a.needs[a.other().Sequence][1:]
		name := a.anyData()
		for {
			if with := other[a.IntN(len(other))]; with != name {
				a.objects[name] = a.objects[with]
				return nil
			}
		}
	},
	"an object of another peer lies there": func(a *attack) []seal.Opener {
		foreign := append(a.foreign.Own(), backup.Segment{Object: a.foreign.Manifest})
		a.objects[a.anyData()] = a.objects["berlin/backups/peers/beta/data/"+foreign[a.IntN(len(foreign))].Name]
		return nil
	},
	"the record of another peer lies there": func(a *attack) []seal.Opener {
		a.setRecord(string(a.objects["berlin/backups/peers/beta/"+backup.RecordName(1)]))
		return nil
	},
	"the recovery key is another": func(*attack) []seal.Opener {
		o, err := seal.NewOpenerOf(seal.X25519)
		if err != nil {
			panic(err)
		}
		return []seal.Opener{o}
	},
	"a manifest is sealed by a stranger to the recipients": func(a *attack) []seal.Opener {
		a.objects[data(a.target.Manifest.Name)] = a.sealed(a.target.ManifestLabel(), forgedManifest(a.IntN(1000)))
		return nil
	},
	"a segment is sealed by a stranger to the recipients": func(a *attack) []seal.Opener {
		needs := a.needs[a.target.Sequence][2:]
		name := needs[a.IntN(len(needs))]
		s := a.target.Segments[slices.IndexFunc(a.target.Segments, func(s backup.Segment) bool { return data(s.Name) == name })]
		a.objects[name] = a.sealed(a.target.Label(s), make([]byte, 1+a.IntN(10000)))
		return nil
	},
	"a forged record is signed by a stranger": func(a *attack) []seal.Opener {
		text, _ := a.note()
		var r backup.Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			panic(err)
		}
		forged := a.sealed(r.ManifestLabel(), forgedManifest(a.IntN(1000)))
		a.objects[data(r.Manifest.Name)] = forged
		r.Manifest.Size, r.Manifest.Digest = int64(len(forged)), digestOf(forged)
		a.setRecord(string(a.strangerSigns(r)))
		return nil
	},
	"the record is signed by a stranger": func(a *attack) []seal.Opener {
		text, _ := a.note()
		var r backup.Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			panic(err)
		}
		a.setRecord(string(a.strangerSigns(r)))
		return nil
	},
	"the record has a second signature": func(a *attack) []seal.Opener {
		text, signature := a.note()
		var r backup.Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			panic(err)
		}
		_, second, _ := strings.Cut(string(a.strangerSigns(r)), "\n\n")
		if a.IntN(2) == 0 {
			a.setRecord(text + signature + second)
		} else {
			a.setRecord(text + "\n" + second + signature[1:])
		}
		return nil
	},
	"the record has no signature": func(a *attack) []seal.Opener {
		text, _ := a.note()
		a.setRecord(text + []string{"", "\n", "\n\n", "\n— peers/alpha \n", "\n— peers/alpha AAAAAAAA\n"}[a.IntN(5)])
		return nil
	},
	"a number of the record is another": func(a *attack) []seal.Opener {
		text, signature := a.note()
		found := number.FindAllStringIndex(text, -1)
		at := found[a.IntN(len(found))]
		n, _ := strconv.Atoi(text[at[0]:min(at[1], at[0]+9)])
		a.setRecord(text[:at[0]] + strconv.Itoa(n+1+a.IntN(5)) + text[at[1]:] + signature)
		return nil
	},
	"a line of the record is gone, or there twice": func(a *attack) []seal.Opener {
		text, signature := a.note()
		lines := strings.SplitAfter(text, "\n")
		at := a.IntN(len(lines) - 1)
		if a.IntN(2) == 0 {
			lines = slices.Delete(lines, at, at+1)
		} else {
			lines = slices.Insert(lines, at, lines[at])
		}
		a.setRecord(strings.Join(lines, "") + signature)
		return nil
	},
	"the record is one of long ago under a new name": func(a *attack) []seal.Opener {
		a.objects[a.record(1000)] = a.objects[a.record(a.target.Sequence)]
		a.target.Sequence = 1000
		return nil
	},
}

func digestOf(content []byte) backup.Digest {
	d := backup.NewDigester()
	for part := range slices.Chunk(content, backup.PartSize) {
		d.Part(sha256.Sum256(part))
	}
	return d.Sum()
}

// sealed is what a stranger makes for the recipients, whose public keys everybody knows.
func (a *attack) sealed(l backup.Label, content []byte) []byte {
	return sealedTo(a.alpha.order.Recipients, l, content)
}

func sealedTo(recipients []seal.Recipient, l backup.Label, content []byte) []byte {
	var out bytes.Buffer
	packer, err := backup.NewPacker(backup.CompressNone)
	if err != nil {
		panic(err)
	}
	w, err := seal.Stream(&out, recipients)
	if err != nil {
		panic(err)
	}
	s, err := backup.NewSegmentWriter(w, l)
	if err == nil {
		err = s.Append(packer.Pack(content, nil))
	}
	if err != nil {
		panic(err)
	}
	if err := s.Close(); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func forgedManifest(n int) []byte {
	var out bytes.Buffer
	m, err := backup.NewManifestWriter(&out, backup.Salt{})
	if err == nil {
		err = m.Entry(backup.Entry{Path: []byte(backup.Root), Kind: backup.KindFolder, Mode: 0o755})
	}
	if err == nil {
		err = m.Entry(backup.Entry{Path: fmt.Appendf(nil, "evil%d", n), Kind: backup.KindFile, Mode: 0o755, Size: int64(n)})
	}
	if err == nil {
		_, err = m.Close()
	}
	if err != nil {
		panic(err)
	}
	return out.Bytes()
}

// strangerSigns has a key with the peer's name that nobody trusts.
func (a *attack) strangerSigns(r backup.Record) []byte {
	private, _, err := backup.NewSigningKey(entropy{a.Rand}, "peers", "alpha")
	if err != nil {
		panic(err)
	}
	s, err := backup.ParseSigner(private, "peers", "alpha")
	if err != nil {
		panic(err)
	}
	text, err := s.Sign(r)
	if err != nil {
		panic(err)
	}
	return text
}

type entropy struct{ *rand.Rand }

func (e entropy) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e.Uint32())
	}
	return len(p), nil
}

// perClass is how often each attack is tried: ten thousand in all, or as many as PEER_MUTATIONS says.
func perClass(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("PEER_MUTATIONS"))
	if err != nil {
		n = 10_000
	}
	if testing.Short() {
		n = min(n, 1000)
	}
	return (n + len(attacks) - 1) / len(attacks)
}

func TestABackupThatWasChangedIsNotRestored(t *testing.T) {
	s := newScene(t)
	for _, w := range s.backups {
		to, err := s.alpha.restore(s.alpha.Archive, archive.Choice{Sequence: w.Sequence})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.trees[w.Sequence], tree(t, to)); diff != "" {
			t.Fatalf("backup %d, which nobody has changed (-was +is):\n%s", w.Sequence, diff)
		}
	}
	names := slices.Sorted(maps.Keys(attacks))
	work := make(chan int)
	var all sync.WaitGroup
	var refused atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			m := s.bucket.copied()
			a := in(s.alpha.Archive, m.serve(t))
			to := t.TempDir()
			for n := range work {
				name := names[n%len(names)]
				r := rand.New(rand.NewPCG(uint64(n), 11))
				m.objects = maps.Clone(s.bucket.objects)
				try := &attack{scene: s, memory: m, Rand: r, target: s.backups[r.IntN(len(s.backups))]}
				openers := attacks[name](try)
				if maps.EqualFunc(m.objects, s.bucket.objects, bytes.Equal) && openers == nil {
					t.Errorf("%s (%d) changes nothing", name, n)
				}
				if err := s.alpha.restoreTo(a, to, archive.Choice{Sequence: try.target.Sequence}, openers...); err == nil {
					t.Errorf("%s (%d): backup %d is restored", name, n, try.target.Sequence)
				}
				if empty(t, to); t.Failed() {
					continue
				}
				refused.Add(1)
			}
		})
	}
	for n := range perClass(t) * len(names) {
		work <- n
	}
	close(work)
	all.Wait()
	t.Logf("%d changed backups of %d kinds", refused.Load(), len(names))
}
