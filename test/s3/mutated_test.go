// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/s3"
)

// chain is a bucket with a full backup and two that go on from it, of which somebody changes something.
type chain struct {
	*vault
	*rand.Rand

	objects map[string][]byte
	records map[int64]backup.Record
	foreign map[string][]byte
	target  int64
}

func newChain(t *testing.T, random *rand.Rand) *chain {
	t.Helper()
	store := s3.Start(t, backups)
	other := newVault(t, store.Store)
	other.noise(random, "a", 100<<10)
	other.backUp("--prefix", "paris")
	v := newVault(t, store.Store)
	c := &chain{vault: v, Rand: random, records: map[int64]backup.Record{}, objects: map[string][]byte{}, foreign: map[string][]byte{}}
	v.noise(random, "stays", 60<<10)
	for sequence := int64(1); sequence <= 3; sequence++ {
		v.noise(random, "changes/"+strconv.FormatInt(sequence, 10), 60<<10)
		v.backUp()
	}
	names, err := store.List(t.Context(), backups)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := store.Get(t.Context(), backups, name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "paris") {
			c.foreign[name] = content
		} else {
			c.objects[name] = content
		}
	}
	for sequence := int64(1); sequence <= 3; sequence++ {
		text, _, _ := strings.Cut(string(c.objects[alphas+backup.RecordName(sequence)]), "\n\n")
		var r backup.Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		c.records[sequence] = r
	}
	return c
}

func (c *chain) record() string                 { return alphas + backup.RecordName(c.target) }
func (c *chain) name(o backup.Object) string    { return alphas + "data/" + o.Name }
func (c *chain) one(names []string) string      { return names[c.IntN(len(names))] }
func (c *chain) manifest(sequence int64) string { return c.name(c.records[sequence].Manifest) }
func (c *chain) segment(sequence int64) string  { return c.name(c.records[sequence].Own()[0].Object) }
func (c *chain) older() int64                   { return 1 + (c.target+c.Int64N(2))%3 }
func (c *chain) change(f func([]byte) []byte) made {
	n := c.any()
	return made{n: f(bytes.Clone(c.objects[n]))}
}

// any is one of all objects that the target needs.
func (c *chain) any() string {
	needs := []string{c.record(), c.manifest(c.target)}
	for sequence := int64(1); sequence <= c.target; sequence++ {
		needs = append(needs, c.segment(sequence))
	}
	return c.one(needs)
}

// made are the contents that somebody gives to names, nil for what he removes.
type made map[string][]byte

// changes are the classes, each of which makes the target another.
var changes = map[string]func(c *chain) made{
	"a bit is another": func(c *chain) made {
		return c.change(func(b []byte) []byte { b[c.IntN(len(b))] ^= 1 << c.IntN(8); return b })
	},
	"an object is cut off": func(c *chain) made { return c.change(func(b []byte) []byte { return b[:c.IntN(len(b))] }) },
	"an object is longer":  func(c *chain) made { return c.change(func(b []byte) []byte { return append(b, b[:1+c.IntN(100)]...) }) },
	"an object is gone":    func(c *chain) made { return made{c.any(): nil} },
	"two change places": func(c *chain) made {
		return c.two(func(a, b string) made { return made{a: c.objects[b], b: c.objects[a]} })
	},
	"one is there twice":    func(c *chain) made { return c.two(func(a, b string) made { return made{a: c.objects[b]} }) },
	"the record is another": func(c *chain) made { return made{c.record(): c.objects[alphas+backup.RecordName(c.older())]} },
	"an older manifest":     func(c *chain) made { return made{c.manifest(c.target): c.objects[c.manifest(c.older())]} },
	"an older segment":      func(c *chain) made { return made{c.segment(c.target): c.objects[c.segment(c.older())]} },
	"another peer's": func(c *chain) made {
		return made{c.any(): c.foreign[c.one(slices.Sorted(maps.Keys(c.foreign)))]}
	},
	"a forged manifest": func(c *chain) made {
		return made{c.manifest(c.target): c.sealed(c.records[c.target].ManifestLabel())}
	},
	"a forged record": func(c *chain) made {
		forged := c.sealed(c.records[c.target].ManifestLabel())
		r := c.records[c.target]
		r.Manifest.Size = int64(len(forged))
		d := backup.NewDigester()
		d.Part(sha256.Sum256(forged))
		r.Manifest.Digest = d.Sum()
		return made{c.manifest(c.target): forged, c.record(): c.signed(r)}
	},
	"the record signed by another": func(c *chain) made { return made{c.record(): c.signed(c.records[c.target])} },
	"a second signature": func(c *chain) made {
		_, second, _ := strings.Cut(string(c.signed(c.records[c.target])), "\n\n")
		return made{c.record(): append(bytes.Clone(c.objects[c.record()]), second...)}
	},
	"an edit of the record": func(c *chain) made {
		text := string(c.objects[c.record()])
		for _, edit := range [][2]string{{`"size": `, `"size": 1`}, {`"sequence": `, `"sequence": 1`}, {`"name": "`, `"name": "a`}, {`"base": 1`, `"base": 2`}, {"\n \"", "\n  \""}}[c.IntN(5):] {
			if strings.Contains(text, edit[0]) {
				return made{c.record(): []byte(strings.Replace(text, edit[0], edit[1], 1))}
			}
		}
		return nil
	},
	"an old record under a new name": func(c *chain) made {
		text := c.objects[c.record()]
		c.target = 4
		return made{c.record(): text}
	},
	"another recovery key": func(*chain) made { return made{} },
}

func (c *chain) two(f func(a, b string) made) made {
	for {
		if a, b := c.any(), c.any(); a != b {
			return f(a, b)
		}
	}
}

// sealed is an empty manifest, sealed to the recipients as everybody could.
func (c *chain) sealed(l backup.Label) []byte {
	c.Helper()
	recipient, err := seal.ParseRecipient(c.recipient)
	if err != nil {
		c.Fatal(err)
	}
	var manifest, out bytes.Buffer
	m, err := backup.NewManifestWriter(&manifest, backup.Salt{byte(c.IntN(256))})
	if err == nil {
		err = m.Entry(backup.Entry{Path: []byte(backup.Root), Kind: backup.KindFolder, Mode: 0o755})
	}
	if err == nil {
		_, err = m.Close()
	}
	if err != nil {
		c.Fatal(err)
	}
	w, err := seal.Stream(&out, []seal.Recipient{recipient})
	if err != nil {
		c.Fatal(err)
	}
	s, err := backup.NewSegmentWriter(w, l)
	if err == nil {
		err = s.Append(backup.Frame{Encoding: backup.Raw, Length: manifest.Len(), Data: manifest.Bytes()})
	}
	if err != nil {
		c.Fatal(err)
	}
	for _, err := range []error{s.Close(), w.Close()} {
		if err != nil {
			c.Fatal(err)
		}
	}
	return out.Bytes()
}

// signed is a record by a key that nobody trusts.
func (c *chain) signed(r backup.Record) []byte {
	c.Helper()
	private, _, err := backup.NewSigningKey(randomReader{c.Rand}, "peers", "alpha")
	if err != nil {
		c.Fatal(err)
	}
	s, err := backup.ParseSigner(private, "peers", "alpha")
	if err != nil {
		c.Fatal(err)
	}
	text, err := s.Sign(r)
	if err != nil {
		c.Fatal(err)
	}
	return text
}

type randomReader struct{ *rand.Rand }

func (r randomReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

// lies makes the bucket hold these contents.
func (c *chain) lies(contents made) {
	c.Helper()
	for name, content := range contents {
		var err error
		if content == nil {
			err = c.owner.Delete(c.Context(), backups, name)
		} else {
			err = c.owner.Put(c.Context(), backups, name, content)
		}
		if err != nil {
			c.Fatal(err)
		}
	}
}

// The same is tried ten thousand times in memory, in package archive. PEER_MUTATIONS says how often it is here, for each
// kind.
func TestABackupThatWasChangedInTheStoreIsNotRestored(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	c := newChain(t, random)
	to := t.TempDir()
	c.must("recovery-key", "-o", c.path("stranger"))
	tried := 0
	for range times(t, "PEER_MUTATIONS", 3) {
		for _, name := range slices.Sorted(maps.Keys(changes)) {
			c.target = 1 + random.Int64N(3)
			contents := changes[name](c)
			before := made{}
			for object := range contents {
				before[object] = c.objects[object]
			}
			c.lies(contents)
			args := c.readArgs("restore", "--to", to, "--sequence", strconv.FormatInt(c.target, 10))
			if len(contents) == 0 {
				args[slices.Index(args, "--identity")+1] = c.path("stranger")
			}
			if _, said, err := c.run(args...); err == nil || !strings.Contains(said, "error: ") {
				t.Errorf("%s: backup %d is restored: %s", name, c.target, said)
			}
			if left, err := os.ReadDir(to); err != nil || len(left) > 0 {
				t.Fatalf("%s: in the folder is %v, %v", name, left, err)
			}
			c.lies(before)
			tried++
		}
	}
	for sequence := int64(1); sequence <= 3; sequence++ {
		c.must(c.readArgs("verify", "--sequence", strconv.FormatInt(sequence, 10))...)
	}
	c.exact(3)
	t.Logf("%d changed backups of %d kinds", tried, len(changes))
}
