// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// componentsPath is where, below the repository's root, the modules lie that pin what the cluster consists of.
var componentsPath = filepath.Join("test", "cluster", "components")

// globSome lists the files that match a pattern and wants at least one.
func globSome(pattern string) ([]string, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", pattern, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no %s", pattern)
	}
	return files, nil
}

// RepoRoot is the root of the repository that the working directory is in; the variable TESTCLUSTER_REPO overrides it.
func RepoRoot() (string, error) {
	if root := os.Getenv("TESTCLUSTER_REPO"); root != "" {
		return filepath.Abs(root)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working directory: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, componentsPath, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no " + filepath.Join(componentsPath, "go.mod") + " in the working directory or above it: run this inside the repository, or set TESTCLUSTER_REPO to its root")
		}
		dir = parent
	}
}
