// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
)

// The tests of this file are the contract that every kind of software keeps. A new kind needs a line in kinds.All and
// a scenario in pkg/resources/testdata; the builders' own tests and test/integration then hold its pods to Pod
// Security restricted.

// peerNodes are those behind the golden files, by kind.
func peerNodes(t *testing.T, kind peer.Kind) map[string]*v1alpha1.PeerNode {
	t.Helper()
	files, err := filepath.Glob("../../resources/testdata/*/peernode.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*v1alpha1.PeerNode{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := &v1alpha1.PeerNode{}
		if err := yaml.UnmarshalStrict(raw, p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if kind.Selected(p.Spec.Software) {
			out[filepath.Base(filepath.Dir(file))] = defaults.PeerNode(p, defaults.Options{})
		}
	}
	if len(out) < 2 {
		t.Fatalf("%s has the scenarios %v in pkg/resources/testdata, want at least a minimal and a full one", kind.Name(), out)
	}
	return out
}

// workloads runs a part of the contract against every workload of every kind.
func workloads(t *testing.T, check func(t *testing.T, kind peer.Kind, w peer.Workload)) {
	t.Helper()
	for _, kind := range kinds.All() {
		for name, p := range peerNodes(t, kind) {
			t.Run(kind.Name()+"/"+name, func(t *testing.T) {
				w, err := kind.Workload(peer.Input{PeerNode: p})
				if err != nil {
					t.Fatal(err)
				}
				check(t, kind, w)
			})
		}
	}
}

func TestEveryArmOfTheUnionIsOneKind(t *testing.T) {
	union := reflect.TypeFor[v1alpha1.PeerSoftware]()
	names := map[string]bool{}
	for i := range union.NumField() {
		software := reflect.New(union).Elem()
		software.Field(i).Set(reflect.New(union.Field(i).Type.Elem()))
		s := software.Interface().(v1alpha1.PeerSoftware)
		name, _, _ := strings.Cut(union.Field(i).Tag.Get("json"), ",")
		names[name] = true
		kind := kinds.For(s)
		if kind == nil {
			t.Errorf("spec.software.%s selects no kind", name)
			continue
		}
		if kind.Name() != name {
			t.Errorf("spec.software.%s selects the kind %s", name, kind.Name())
		}
		for _, other := range kinds.All() {
			if other.Name() != name && other.Selected(s) {
				t.Errorf("spec.software.%s selects the kind %s as well", name, other.Name())
			}
		}
	}
	for _, kind := range kinds.All() {
		if !names[kind.Name()] {
			t.Errorf("the kind %s has no arm in spec.software", kind.Name())
		}
	}
	if kind := kinds.For(v1alpha1.PeerSoftware{}); kind != nil {
		t.Errorf("no software selects the kind %s", kind.Name())
	}
}

func TestEveryKindRunsAsANumericUserWithTimeToStop(t *testing.T) {
	workloads(t, func(t *testing.T, _ peer.Kind, w peer.Workload) {
		if w.User <= 0 {
			t.Errorf("the user is %d; Pod Security restricted wants one that is not root", w.User)
		}
		if w.GraceSeconds <= 0 {
			t.Error("there is no time for a clean stop")
		}
	})
}

func TestEveryPortOfEveryKindHasAPurposeAndAName(t *testing.T) {
	purposes := map[v1alpha1.PortPurpose]bool{
		v1alpha1.PurposePeer: true, v1alpha1.PurposeAPI: true, v1alpha1.PurposeMetrics: true, v1alpha1.PurposeInternal: true,
	}
	workloads(t, func(t *testing.T, _ peer.Kind, w peer.Workload) {
		names, numbers := map[string]bool{}, map[string]bool{}
		for _, p := range w.Ports {
			if !purposes[p.Purpose] {
				t.Errorf("port %s has the purpose %q, which opens it to nobody", p.Name, p.Purpose)
			}
			errs := append(validation.IsValidPortName(p.Name), validation.IsValidPortNum(int(p.Number))...)
			number := fmt.Sprintf("%s %d", p.Protocol, p.Number)
			if len(errs) > 0 || names[p.Name] || numbers[number] || p.Protocol == "" {
				t.Errorf("port %+v is not valid, or not the only one of its name and number: %v", p, errs)
			}
			names[p.Name], numbers[number] = true, true
		}
		if len(peer.PortsFor(w.Ports, v1alpha1.PurposePeer)) == 0 {
			t.Error("no port is for peers")
		}
	})
}

func TestFilesOfEveryKindHaveRoomOfTheirOwn(t *testing.T) {
	workloads(t, func(t *testing.T, _ peer.Kind, w peer.Workload) {
		keys, folders := map[string]bool{}, map[string][]string{}
		for _, f := range w.Files {
			if errs := validation.IsConfigMapKey(f.Key); len(errs) > 0 || keys[f.Key] {
				t.Errorf("file %s has the key %q, not valid or used twice: %v", f.Path, f.Key, errs)
			}
			keys[f.Key] = true
			if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path {
				t.Errorf("file %s has no clean absolute path", f.Path)
			}
			for _, folder := range []string{w.DataPath, w.KeyPath} {
				if folder != "" && strings.HasPrefix(f.Path, folder+"/") {
					t.Errorf("file %s lies in %s, where a volume is mounted", f.Path, folder)
				}
			}
			folders[path.Dir(f.Path)] = append(folders[path.Dir(f.Path)], f.Path)
		}
		for _, f := range w.Files {
			if in := folders[path.Dir(f.Path)]; f.Live && len(in) > 1 {
				t.Errorf("%s is followed while the software runs, so its folder is mounted as a whole; it holds %v", f.Path, in)
			}
		}
	})
}

func TestKindsWithAKeyProveItBeforeTheyStart(t *testing.T) {
	workloads(t, func(t *testing.T, kind peer.Kind, w peer.Workload) {
		if has := kind.Key() != nil; has != (w.KeyPath != "") || has != (len(w.IdentityCheck) > 0) {
			t.Errorf("the kind keeps a key: %v; its folder is %q and its check %v", has, w.KeyPath, w.IdentityCheck)
		}
		if w.KeyPath != "" && !strings.Contains(strings.Join(w.IdentityCheck, " "), w.KeyPath) {
			t.Errorf("the check %v does not look into %s", w.IdentityCheck, w.KeyPath)
		}
		if w.KeyPath != "" && (w.KeyPath+"/" == w.DataPath+"/" || strings.HasPrefix(w.KeyPath, w.DataPath+"/")) {
			t.Errorf("keys in %s would travel in every backup of %s", w.KeyPath, w.DataPath)
		}
	})
}

// A workload is made without sight of the key, so this fails only when that interface changes: then it must.
func TestNoKeyTravelsInArgumentsEnvironmentOrFiles(t *testing.T) {
	workloads(t, func(t *testing.T, kind peer.Kind, w peer.Workload) {
		if kind.Key() == nil {
			return
		}
		for _, e := range w.Env {
			t.Errorf("variable %s: everybody who may read pods may read it; a kind with a key has no need of any", e.Name)
		}
		key, err := identity.New(v1alpha1.IdentityEd25519, bytes.NewReader(make([]byte, 64)))
		if err != nil {
			t.Fatal(err)
		}
		files := kind.Key().Files(key)
		all, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			if bytes.Contains(all, bytes.TrimSpace(content)) {
				t.Errorf("%s is part of the workload", name)
			}
		}
	})
}

func TestEveryKindReadsTheKeyThatItWrote(t *testing.T) {
	for _, kind := range kinds.All() {
		form := kind.Key()
		if form == nil {
			continue
		}
		made, err := identity.New(v1alpha1.IdentityEd25519, strings.NewReader(strings.Repeat("k", 64)))
		if err != nil {
			t.Fatal(err)
		}
		files := form.Files(made)
		key, err := form.Read(files)
		if err != nil {
			t.Errorf("%s refuses the key that it wrote: %v", kind.Name(), err)
			continue
		}
		if id := form.Identity(made.Public()); id.PeerID == "" || id.PublicKey == "" {
			t.Errorf("%s has no name for a key: %+v", kind.Name(), id)
		}
		if public, err := form.Public(form.Identity(made.Public()).PublicKey); err != nil || public != made.Public() {
			t.Errorf("%s reads the public key that it wrote as %s (error: %v)", kind.Name(), public, err)
		}
		if _, err := form.Public("hello"); err == nil {
			t.Errorf("%s reads a public key where there is none", kind.Name())
		}
		if errs := validation.IsDNS1123Label(form.Network()); len(errs) > 0 || len(form.Network()) > 32 {
			t.Errorf("%s is in the network %q, which cannot begin the name of a reservation: %v", kind.Name(), form.Network(), errs)
		}
		if diff := cmp.Diff(files, form.Files(key)); diff != "" {
			t.Errorf("%s writes another key than it read (-read +written):\n%s", kind.Name(), diff)
		}
		for name := range files {
			if errs := validation.IsConfigMapKey(name); len(errs) > 0 {
				t.Errorf("%s keeps its key in %q, which cannot lie in a Secret: %v", kind.Name(), name, errs)
			}
		}
		if _, err := form.Read(nil); err == nil {
			t.Errorf("%s reads a key where there is none", kind.Name())
		}
	}
}

func TestEveryKindSaysTheSameTwice(t *testing.T) {
	for _, kind := range kinds.All() {
		for name, p := range peerNodes(t, kind) {
			before := p.DeepCopy()
			first, _ := kind.Workload(peer.Input{PeerNode: p})
			second, _ := kind.Workload(peer.Input{PeerNode: p})
			if diff := cmp.Diff(first, second); diff != "" {
				t.Errorf("%s: two workloads of %s differ:\n%s", kind.Name(), name, diff)
			}
			if diff := cmp.Diff(before, p); diff != "" {
				t.Errorf("%s: making the workload of %s changed it:\n%s", kind.Name(), name, diff)
			}
		}
	}
}
