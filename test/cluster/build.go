// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// builder makes what is missing or outdated in the repository's cache.
type builder struct {
	components string // folder of the modules
	bin, share string // results: programs, files
	stamps     string // one file per result that says from what it was made
	progress   io.Writer
}

// newBuilder prepares the cache folders of the repository at root.
func newBuilder(root string, progress io.Writer) (*builder, error) {
	cache := filepath.Join(root, ".cache")
	b := &builder{
		components: filepath.Join(root, componentsPath),
		bin:        filepath.Join(cache, "bin"),
		share:      filepath.Join(cache, "share"),
		stamps:     filepath.Join(cache, "bin", ".stamps"),
		progress:   progress,
	}
	for _, dir := range []string{b.bin, b.share, b.stamps} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("create the cache: %w", err)
		}
	}
	return b, nil
}

// Build makes every program of the control plane, and with node those of the full node too, unless they are up to date already.
// It returns the folder of the programs.
func Build(ctx context.Context, node bool, progress io.Writer) (string, error) {
	sources := controlPlaneSources
	if node {
		sources = slices.Concat(controlPlaneSources, nodeSources)
	}
	b, err := buildSources(ctx, sources, progress)
	if err != nil {
		return "", err
	}
	return b.bin, nil
}

// buildSources makes the given sources; only one process at a time builds, the others wait and then find everything done.
func buildSources(ctx context.Context, sources []source, progress io.Writer) (*builder, error) {
	root, err := RepoRoot()
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(root, progress)
	if err != nil {
		return nil, err
	}
	stale, err := b.stale(sources)
	if err != nil || len(stale) == 0 {
		return b, err
	}
	unlock, err := lockFile(ctx, filepath.Join(b.stamps, "lock"))
	if err != nil {
		return nil, fmt.Errorf("wait for another build of the cluster: %w", err)
	}
	defer unlock()
	if stale, err = b.stale(sources); err != nil {
		return nil, err
	}
	for i, s := range stale {
		if err := b.make(ctx, s, fmt.Sprintf("%d/%d", i+1, len(stale))); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// make makes one source, says so before (it may take minutes) and after, and stamps it last.
func (b *builder) make(ctx context.Context, s source, step string) error {
	fmt.Fprintf(b.progress, "build %s %s ...\n", step, s.name)
	began := time.Now()
	stamp, err := b.stampOf(s)
	if err != nil {
		return err
	}
	if s.pkg != "" {
		err = b.compile(ctx, s)
	} else {
		err = b.copyFiles(ctx, s)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.stamps, s.name), []byte(stamp), 0o644); err != nil {
		return fmt.Errorf("stamp %s: %w", s.name, err)
	}
	fmt.Fprintf(b.progress, "build %s %s done in %.0f s\n", step, s.name, time.Since(began).Seconds())
	return nil
}

// compile builds a program beside its final place and renames it, so that a running copy is not disturbed.
func (b *builder) compile(ctx context.Context, s source) error {
	target := filepath.Join(b.bin, s.name)
	args := []string{"build", "-trimpath", "-ldflags", strings.TrimSpace("-s -w " + s.ldflags), "-tags", s.tags, "-o", target + ".new", s.pkg}
	cgo := "CGO_ENABLED=0"
	if s.cgo {
		cgo = "CGO_ENABLED=1"
	}
	if _, err := b.goTool(ctx, s, []string{cgo}, args...); err != nil {
		return err
	}
	if err := os.Rename(target+".new", target); err != nil {
		return fmt.Errorf("install %s: %w", s.name, err)
	}
	for _, link := range s.links {
		path := filepath.Join(b.bin, link)
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("replace link %s: %w", link, err)
		}
		if err := os.Symlink(s.name, path); err != nil {
			return fmt.Errorf("link %s: %w", link, err)
		}
	}
	return nil
}

// copyFiles copies files out of a module into share.
func (b *builder) copyFiles(ctx context.Context, s source) error {
	if _, err := b.goTool(ctx, s, nil, "mod", "download", s.from); err != nil {
		return err
	}
	dir, err := b.goTool(ctx, s, nil, "list", "-m", "-f", "{{.Dir}}", s.from)
	if err != nil {
		return err
	}
	target := filepath.Join(b.share, s.name)
	if err := os.RemoveAll(target); err != nil {
		return fmt.Errorf("replace %s: %w", target, err)
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return fmt.Errorf("create %s: %w", target, err)
	}
	for _, glob := range s.files {
		matches, err := globSome(filepath.Join(dir, glob))
		if err != nil {
			return fmt.Errorf("take files from module %s: %w", s.from, err)
		}
		for _, match := range matches {
			data, err := os.ReadFile(match)
			if err != nil {
				return fmt.Errorf("read a file of %s: %w", s.from, err)
			}
			if err := os.WriteFile(filepath.Join(target, filepath.Base(match)), data, 0o644); err != nil {
				return fmt.Errorf("copy a file of %s: %w", s.from, err)
			}
		}
	}
	return nil
}

// goTool runs the go command in the source's module and returns its output.
func (b *builder) goTool(ctx context.Context, s source, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(b.components, s.module)
	cmd.Env = append(os.Environ(), append([]string{"GOFLAGS=-buildvcs=false", "GOWORK=off"}, env...)...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build %s: go %s in %s: %w\n%s", s.name, args[0], filepath.Join(componentsPath, s.module), err, stderr.String())
	}
	return strings.TrimSpace(stdout.String()), nil
}
