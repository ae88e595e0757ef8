// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// stale returns the sources whose result is missing or was made from something else than what is there now.
func (b *builder) stale(sources []source) ([]source, error) {
	var stale []source
	for _, s := range sources {
		want, err := b.stampOf(s)
		if err != nil {
			return nil, err
		}
		have, _ := os.ReadFile(filepath.Join(b.stamps, s.name)) // unreadable counts as stale
		if string(have) != want || !b.exists(s) {
			stale = append(stale, s)
		}
	}
	return stale, nil
}

// stampOf is a hash of all that decides what a source's result is: the recipe, the pinned versions, our own code and the Go release.
func (b *builder) stampOf(s source) (string, error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%+v %s %s/%s\n", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	module := filepath.Join(b.components, s.module)
	inputs := []string{filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")}
	if local, ok := strings.CutPrefix(s.pkg, "./"); ok || s.module != "" {
		if !ok {
			local = "" // all that stands in for other modules
		}
		files, err := goFiles(filepath.Join(module, local))
		if err != nil {
			return "", fmt.Errorf("read the source of %s: %w", s.name, err)
		}
		inputs = append(inputs, files...)
	}
	for _, input := range inputs {
		data, err := os.ReadFile(input)
		if err != nil {
			return "", fmt.Errorf("read the source of %s: %w", s.name, err)
		}
		fmt.Fprintf(hash, "%s %x\n", filepath.Base(input), sha256.Sum256(data))
	}
	return fmt.Sprintf("%x\n", hash.Sum(nil)), nil
}

// exists reports whether every file that the source makes is there.
func (b *builder) exists(s source) bool {
	if s.pkg == "" {
		_, err := os.Stat(filepath.Join(b.share, s.name))
		return err == nil
	}
	for _, name := range append([]string{s.name}, s.links...) {
		if _, err := os.Stat(filepath.Join(b.bin, name)); err != nil {
			return false
		}
	}
	return true
}

// goFiles lists the Go files under dir, tests excepted.
func goFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	})
	return files, err
}
