// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// installCRDs applies the CRDs in a folder and waits until the API serves them.
func installCRDs(ctx context.Context, client *apiClient, dir string) error {
	names, err := applyCRDs(ctx, client, dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := waitEstablished(ctx, client, name); err != nil {
			return err
		}
	}
	return nil
}

// applyCRDs applies every CRD file in dir and returns the names; files are called group_plural.yaml, as controller-gen writes them.
func applyCRDs(ctx context.Context, client *apiClient, dir string) ([]string, error) {
	files, err := globSome(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find CRDs: %w", err)
	}
	var names []string
	for _, file := range files {
		group, plural, ok := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".yaml"), "_")
		if !ok {
			return nil, fmt.Errorf("CRD file %s is not called group_plural.yaml", file)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a CRD: %w", err)
		}
		name := plural + "." + group
		if err := client.apply(ctx, crdPath+name, string(data)); err != nil {
			return nil, fmt.Errorf("apply CRD %s: %w", name, err)
		}
		names = append(names, name)
	}
	return names, nil
}

const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"

// waitEstablished waits until the API server serves a CRD's objects.
func waitEstablished(ctx context.Context, client *apiClient, name string) error {
	for {
		var crd struct {
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
		if err := client.get(ctx, crdPath+name, &crd); err != nil {
			return fmt.Errorf("wait for CRD %s: %w", name, err)
		}
		for _, c := range crd.Status.Conditions {
			if c.Type == "Established" && c.Status == "True" {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("CRD %s is not established: %w", name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
