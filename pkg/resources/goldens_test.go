// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The golden files show every object of every scenario. That a real API server accepts them, and that their pods
// pass Pod Security restricted, is the business of test/integration.
func TestObjectsAreAsShownInTheGoldenFiles(t *testing.T) {
	for name, s := range scenarios {
		t.Run(name, func(t *testing.T) {
			written := map[string]bool{}
			for builder, object := range build(t, s.input(t, name)) {
				got, err := yaml.Marshal(object)
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join("testdata", name, builder+".golden.yaml")
				written[path] = true
				compareGolden(t, path, got)
			}
			refuseStale(t, filepath.Join("testdata", name), written)
		})
	}
}

func TestEveryFolderOfGoldensBelongsToAScenario(t *testing.T) {
	folders, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if _, ok := scenarios[filepath.Base(folder)]; !ok && folder != storeChecks && folder != storePrunes && folder != backups {
			t.Errorf("%s belongs to no scenario", folder)
		}
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./pkg/resources -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what is built (-golden +built); if it should be: go test ./pkg/resources -update\n%s", path, diff)
	}
}

// refuseStale finds goldens of objects that are no longer built.
func refuseStale(t *testing.T, folder string, written map[string]bool) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*.golden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if written[path] {
			continue
		}
		if *update {
			err = os.Remove(path)
		}
		if !*update || err != nil {
			t.Errorf("%s shows an object that is not built (%v)", strings.TrimPrefix(path, "testdata/"), err)
		}
	}
}
