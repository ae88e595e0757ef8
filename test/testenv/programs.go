// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Programs builds the project's programs for tests, each once, as they are built for their images. The zero value is ready.
type Programs struct {
	mu sync.Mutex
	// dir is where they lie, empty before the first.
	dir   string
	built map[string]program
}

type program struct {
	path string
	err  error
}

// Path builds the main package in a folder of the repository, if that was not done yet, and returns where the program lies.
func (p *Programs) Path(folder string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "peernode-programs-")
		if err != nil {
			return "", err
		}
		p.dir, p.built = dir, map[string]program{}
	}
	if _, ok := p.built[folder]; !ok {
		path, err := build(folder, p.dir)
		p.built[folder] = program{path, err}
	}
	return p.built[folder].path, p.built[folder].err
}

// Remove removes them.
func (p *Programs) Remove() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	dir := p.dir
	p.dir, p.built = "", nil
	return os.RemoveAll(dir)
}

// build runs in the folder, which may be a module of its own.
func build(folder, into string) (string, error) {
	path := filepath.Join(into, filepath.Base(folder))
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	cmd.Dir = filepath.Join(Root(), folder)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", folder, err, out)
	}
	return path, nil
}
