// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"io"
	"path/filepath"
)

// MetalLB gives Services of type LoadBalancer their addresses.
type MetalLB struct {
	// Controller is the path of the program that does. What answers for the addresses on a network is another, and not here.
	Controller string
	// CRDs is a folder of the kinds by which it is told what addresses it has.
	CRDs string
}

// BuildMetalLB makes MetalLB unless it is up to date already.
func BuildMetalLB(ctx context.Context, progress io.Writer) (MetalLB, error) {
	b, err := buildSources(ctx, selectSources("metallb", "metallb-crds"), progress)
	if err != nil {
		return MetalLB{}, err
	}
	return MetalLB{Controller: filepath.Join(b.bin, "metallb"), CRDs: filepath.Join(b.share, "metallb-crds")}, nil
}
