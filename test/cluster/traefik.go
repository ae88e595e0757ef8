// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"io"
	"path/filepath"
)

// Traefik is a controller of Ingresses and of the Gateway API, and what it is installed with.
type Traefik struct {
	// Program is its path; it is static, as images need it.
	Program string
	// Manifests is a folder of what its documentation gives: kubernetes-gateway-rbac.yml and kubernetes-crd-rbac.yml, for a ServiceAccount in
	// namespace default, and its own CRDs as traefik.io_*.yaml.
	Manifests string
}

// BuildTraefik makes Traefik unless it is up to date already.
func BuildTraefik(ctx context.Context, progress io.Writer) (Traefik, error) {
	b, err := buildSources(ctx, selectSources("traefik", "traefik-manifests"), progress)
	if err != nil {
		return Traefik{}, err
	}
	return Traefik{Program: filepath.Join(b.bin, "traefik"), Manifests: filepath.Join(b.share, "traefik-manifests")}, nil
}
