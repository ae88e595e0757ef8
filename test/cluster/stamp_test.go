// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeRepo is a repository with one component module of one program.
func fakeRepo(t *testing.T) (root string, program source) {
	t.Helper()
	root = t.TempDir()
	for name, content := range map[string]string{
		"go.mod":         "module example.com/components\n\ngo 1.26\n",
		"go.sum":         "",
		"hello/main.go":  "package main\n\nfunc main() { println(\"hello\") }\n",
		"other/other.go": "package other\n",
	} {
		writeTestFile(t, filepath.Join(root, componentsPath, name), content)
	}
	return root, source{name: "hello", pkg: "./hello", links: []string{"hallo"}}
}

func writeTestFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBuildsExactlyWhatChanged(t *testing.T) {
	root, program := fakeRepo(t)
	t.Setenv("TESTCLUSTER_REPO", root)
	component := func(name string) string { return filepath.Join(root, componentsPath, name) }
	if _, err := buildSources(t.Context(), []source{program}, io.Discard); err != nil {
		t.Fatal(err)
	}
	b, err := newBuilder(root, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	renamed := program
	renamed.ldflags = "-X main.version=2"
	for _, test := range []struct {
		name   string
		change func()
		source source
		stale  bool
	}{
		{"nothing changed", func() {}, program, false},
		{"another program's code changed", func() { writeTestFile(t, component("other/other.go"), "package other // changed\n") }, program, false},
		{"a test of the program changed", func() { writeTestFile(t, component("hello/main_test.go"), "package main\n") }, program, false},
		{"the recipe changed", func() {}, renamed, true},
		{"a link is missing", func() { _ = os.Remove(filepath.Join(root, ".cache", "bin", "hallo")) }, program, true},
		{"a pinned version changed", func() { writeTestFile(t, component("go.mod"), "module example.com/components\n\ngo 1.26.0\n") }, program, true},
		{"the program's code changed", func() { writeTestFile(t, component("hello/main.go"), "package main\n\nfunc main() {}\n") }, program, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.change()
			stale, err := b.stale([]source{test.source})
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.ContainsFunc(stale, func(s source) bool { return s.name == program.name }); got != test.stale {
				t.Errorf("stale is %v, want %v", got, test.stale)
			}
			if _, err := buildSources(t.Context(), []source{program}, io.Discard); err != nil {
				t.Fatal(err)
			}
			if stale, err := b.stale([]source{program}); err != nil || len(stale) > 0 {
				t.Errorf("still stale after a build: %v, %v", stale, err)
			}
		})
	}
}

func TestAProgramIsBuiltAnewWhenWhatStandsInForAModuleChanged(t *testing.T) {
	root := t.TempDir()
	t.Setenv("TESTCLUSTER_REPO", root)
	for name, content := range map[string]string{
		"go.mod":            "module example.com/big\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n",
		"go.sum":            "",
		"lib/go.mod":        "module example.com/lib\n\ngo 1.26\n",
		"lib/hello/main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
	} {
		writeTestFile(t, filepath.Join(root, componentsPath, "big", name), content)
	}
	program := source{name: "hello", module: "big", pkg: "example.com/lib/hello"}
	b, err := buildSources(t.Context(), []source{program}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if stale, err := b.stale([]source{program}); err != nil || len(stale) > 0 {
		t.Fatalf("stale after a build: %v, %v", stale, err)
	}
	writeTestFile(t, filepath.Join(root, componentsPath, "big", "lib", "hello", "main.go"), "package main\n\nfunc main() {}\n")
	if stale, err := b.stale([]source{program}); err != nil || len(stale) != 1 {
		t.Errorf("not stale: %v, %v", stale, err)
	}
}

func TestBuildErrorNamesTheProgram(t *testing.T) {
	root, program := fakeRepo(t)
	t.Setenv("TESTCLUSTER_REPO", root)
	writeTestFile(t, filepath.Join(root, componentsPath, "hello", "main.go"), "package main\n\nfunc main() { undefined() }\n")
	_, err := buildSources(t.Context(), []source{program}, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"build hello", "undefined: undefined"} {
		if !containsText(err, want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if exists := fileExists(filepath.Join(root, ".cache", "bin", ".stamps", "hello")); exists {
		t.Error("a build that failed was stamped")
	}
}

func containsText(err error, text string) bool { return strings.Contains(err.Error(), text) }

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
